"""Labelled images to crops to logits to counts, resumable. Knows no claims."""
