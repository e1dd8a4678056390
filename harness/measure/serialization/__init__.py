"""Predict the size of the file that torch writes for a network's state, for each known serialization."""

from harness.measure.serialization.prediction import Prediction, predictions
from harness.measure.serialization.state import state_of
from harness.measure.serialization.table import BY_NAME, SERIALIZATIONS, UNKNOWN_ARCHIVE_NAMES, Serialization

__all__ = [
    "BY_NAME",
    "SERIALIZATIONS",
    "UNKNOWN_ARCHIVE_NAMES",
    "Prediction",
    "Serialization",
    "predictions",
    "state_of",
]
