"""Labelled images to batches of crops."""
