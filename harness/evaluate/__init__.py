"""Evaluation of models: labelled images to crops, predictions and counts. Resumable; knows nothing about claims."""
