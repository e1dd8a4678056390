"""Predictions to counts, intervals and decisions."""
