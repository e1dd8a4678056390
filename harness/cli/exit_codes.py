"""The exit codes. The most serious applies: 2, then 3, then 1."""

NOTHING_FALSE = 0
FALSE = 1
BAD_USAGE = 2
NOT_FINISHED = 3
INTERRUPTED = 130
