"""The structure of a model-index."""
