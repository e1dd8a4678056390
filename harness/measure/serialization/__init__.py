"""Predict the size of the file that torch writes for a network's state, for each known serialization."""
