"""Verdicts as workflow commands of GitHub Actions: an annotation on the line of each claim that is not true."""

from collections.abc import Sequence

from harness.index.faults import escape_controls
from harness.report.overview import sentence, summary_line, words
from harness.verdict import Status, Verdict, failing_statuses

# GitHub refuses step summaries above 1 MiB.
MOST_BYTES = 1024 * 1024

_LEVELS = {
    Status.ERROR: "error",
    Status.FAIL: "error",
    Status.EXPLAINED: "warning",
    Status.WAIVED: "notice",
}


def annotations(verdicts: Sequence[Verdict], root: str, *, strict: bool) -> str:
    """A line for each annotation, errors first; what is not run is only counted, in the last line.

    `root` is the folder that pages are named from, as a path from the repository's root.
    """
    false = failing_statuses(strict=strict)
    told = []
    for verdict in verdicts:
        level = "error" if verdict.status in false else _LEVELS.get(verdict.status)
        if level:
            told.append((level, _annotation(level, verdict, root)))
    told.sort(key=lambda one: ("error", "warning", "notice").index(one[0]))
    return "".join(f"{line}\n" for _, line in told) + f"::notice::{_data(summary_line(verdicts))}\n"


def step_summary(markdown: str) -> str:
    """The Markdown report, or where it is too long for GitHub its first part and a line that says so."""
    if len(markdown.encode()) <= MOST_BYTES:
        return markdown
    told = "\n\n**Cut off here: longer than GitHub shows. `verify all --format markdown` prints all of it.**\n"
    return markdown.encode()[: MOST_BYTES - len(told)].decode("utf-8", "ignore").rpartition("\n")[0] + told


def _annotation(level: str, verdict: Verdict, root: str) -> str:
    claim, where = verdict.claim, verdict.claim.where
    properties = {
        "file": f"{root}{where.file}",
        "line": str(where.line),
        "col": str(where.column),
        "title": f"{words(verdict.status)}: {claim.kind} of {claim.model or claim.page}",
    }
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {shown}::{_data(sentence(verdict))}"


def _data(text: str) -> str:
    return escape_controls(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
