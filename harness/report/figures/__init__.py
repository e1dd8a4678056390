"""SVG figures, drawn from verdicts and their evidence."""
