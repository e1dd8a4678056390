"""Bytes that a network's state takes in a file, by each named way in which torch has written such files."""

from harness.measure.serialization.prediction import Prediction, predictions
from harness.measure.serialization.state import state_of
from harness.measure.serialization.table import BY_NAME, SERIALIZATIONS, Serialization

__all__ = ["BY_NAME", "SERIALIZATIONS", "Prediction", "Serialization", "predictions", "state_of"]
