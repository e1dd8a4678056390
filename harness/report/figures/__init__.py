"""Pictures of what was found, drawn as SVG from verdicts and their evidence."""
