"""The structure of a model-index, as a JSON Schema."""
