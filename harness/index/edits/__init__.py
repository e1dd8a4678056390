"""Edits of page text that leave every other byte unchanged."""
