"""The reproducibility and model-card verification harness."""

__version__ = "0.1.0"
