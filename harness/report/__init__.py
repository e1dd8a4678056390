"""Verdicts to what people and machines read. Judges nothing, loads no torch."""
