"""Pages as claims with locations, and edits of pages. Builds no networks and never loads torch."""
