"""The exit codes, and the one that verdicts give. The most serious applies: 2, then 3, then 1."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.verdict import Verdict

NOTHING_FALSE = 0
FALSE = 1
BAD_USAGE = 2
NOT_FINISHED = 3
INTERRUPTED = 130


def exit_code(verdicts: "Iterable[Verdict]", *, strict: bool = False) -> int:
    """The exit code of the most serious verdict."""
    from harness.verdict import Status, failing_statuses

    statuses = {verdict.status for verdict in verdicts}
    if Status.ERROR in statuses:
        return NOT_FINISHED
    return FALSE if statuses & failing_statuses(strict=strict) else NOTHING_FALSE
