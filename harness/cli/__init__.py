"""The command line: one module per verb, with shared options, output and exit codes."""
