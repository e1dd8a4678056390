"""Files, git, processes and standard output."""
