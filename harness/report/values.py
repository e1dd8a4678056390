"""A verdict's values as people read them: numbers, addresses, and declared against measured line by line."""

import re

from harness.index.faults import escape_controls
from harness.verdict import Fact, Status, Table, Verdict, properties

_ADDRESS = re.compile(r"https://[\w./?#=&%+~:@-]+")


def is_address(text: str) -> bool:
    """Whether a value is an address, and nothing besides."""
    return _ADDRESS.fullmatch(text) is not None


def count_of(number: int, what: str) -> str:
    """So many of something: `1 page`, `2 pages`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def all_evidence(verdict: Verdict) -> tuple[Fact | Table, ...]:
    """The evidence of a verdict, and the machine and versions that it was measured with."""
    if not verdict.environment:
        return tuple(verdict.evidence)
    return (*verdict.evidence, properties("environment", "measured with", verdict.environment))


def plain(value: object) -> str:
    """A cell of the evidence as text: `True` → `yes`, `199514080` → `199 514 080`, a series joined by commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(plain, value))
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else escape_controls(str(value))


def difference_lines(verdict: Verdict) -> list[str]:
    """The declared against the measured value as a diff, a line for each item of a list; none where they agree."""
    declared, measured = verdict.claim.declared, verdict.measured
    if measured is None or verdict.status is Status.PASS or declared == measured:
        return []
    old, new = declared.split(", "), measured.split(", ")
    kept = set(old) & set(new)
    lines = [f"  {item}" if item in kept else f"- {item}" for item in old]
    lines += [f"+ {item}" for item in new if item not in kept]
    return [escape_controls(line) for line in lines]
