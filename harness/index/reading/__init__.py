"""The text of a page to a model-index whose values know their location."""
