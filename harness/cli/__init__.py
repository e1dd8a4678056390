"""The command line: one module per verb, and the options, output and exit codes they share."""
