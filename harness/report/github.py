"""Verdicts as workflow commands of GitHub Actions: an annotation on the line of each claim that is not reproduced."""

from collections.abc import Sequence

from harness.index.faults import escape_commands, escape_controls
from harness.report.overview import one_line, summary_line, title
from harness.verdict import Status, Verdict, failing_statuses

# GitHub rejects step summaries above 1 MiB.
MOST_BYTES = 1024 * 1024

_LEVELS = {Status.ERROR: "error", Status.FAIL: "error", Status.EXPLAINED: "warning", Status.WAIVED: "notice"}


def annotations(verdicts: Sequence[Verdict], root: str, *, strict: bool) -> str:
    """The annotations, one per line, errors first. The last line counts all verdicts.

    `root` is the path from the repository's root to the project's folder.
    """
    failing = failing_statuses(strict=strict)
    lines: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for verdict in verdicts:
        level = "error" if verdict.status in failing else _LEVELS.get(verdict.status)
        if level:
            lines[level].append(_annotation(level, verdict, root))
    lines["notice"].append(f"::notice::{_data(summary_line(verdicts))}")
    return "".join(f"{line}\n" for of_level in lines.values() for line in of_level)


def step_summary(markdown: str) -> str:
    """The Markdown report, cut with a note if it is longer than GitHub accepts."""
    if len(markdown.encode()) <= MOST_BYTES:
        return markdown
    note = "\n\n**Cut: the report exceeds GitHub's limit. `verify all --format markdown` prints all of it.**\n"
    return markdown.encode()[: MOST_BYTES - len(note)].decode("utf-8", "ignore").rpartition("\n")[0] + note


def _annotation(level: str, verdict: Verdict, root: str) -> str:
    where = verdict.claim.where
    properties = {
        "file": f"{root}{where.file}",
        "line": str(where.line),
        "col": str(where.column),
        "title": title(verdict),
    }
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {written}::{_data(one_line(verdict))}"


def _data(text: str) -> str:
    return escape_commands(escape_controls(text)).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
