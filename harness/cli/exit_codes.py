"""The exit codes; the most serious wins."""

NOTHING_FALSE = 0
FALSE = 1
BAD_USAGE = 2
NOT_FINISHED = 3
INTERRUPTED = 130
