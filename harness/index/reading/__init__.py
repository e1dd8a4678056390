"""Pages as model-indexes whose values know their location."""
