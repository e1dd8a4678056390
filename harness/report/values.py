"""Values, evidence and differences as text, the same in every report."""

import re
from dataclasses import dataclass

from harness.index.faults import escape_controls
from harness.verdict import Fact, Status, Verdict, properties

MISSING = "-"  # shown in a table cell that has no value

_URL = re.compile(r"https://[\w./?#=&%+~:@-]+")
_NUMBER = re.compile(r"[+-]?[0-9][0-9 ]*(\.[0-9]+)?%?")


@dataclass(frozen=True, slots=True)
class TableText:
    """A table of the evidence. Without `columns`, each row is a name and its value."""

    label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def numeric(self) -> list[bool]:
        """For each column, whether it holds only numbers. The first column names the rows."""
        columns = zip(*self.rows, strict=True)
        return [index > 0 and all(map(_NUMBER.fullmatch, cells)) for index, cells in enumerate(columns)]


@dataclass(frozen=True, slots=True)
class EvidenceText:
    """The evidence of a verdict: facts as labels with their values, and tables."""

    facts: tuple[tuple[str, tuple[str, ...]], ...]
    tables: tuple[TableText, ...]

    @property
    def labels(self) -> list[str]:
        """The labels of all facts and tables."""
        return [label for label, _ in self.facts] + [table.label for table in self.tables]


def evidence_text(verdict: Verdict, *, environment: bool = True) -> EvidenceText:
    """The evidence as text. `environment` adds the machine and the versions of the libraries, if known."""
    facts, tables = [], []
    machine = [properties("environment", "measured with", verdict.environment)] if verdict.environment else []
    for item in (*verdict.evidence, *(machine if environment else [])):
        if isinstance(item, Fact):
            facts.append((item.label, tuple(map(cell_text, item.values)) or ("none",)))
        else:
            rows = tuple(tuple(map(cell_text, row)) for row in item.rows)
            tables.append(TableText(item.label, item.columns, rows))
    return EvidenceText(tuple(facts), tuple(tables))


def cell_text(value: object) -> str:
    """A value of the evidence as text: `True` → `yes`, `199514080` → `199 514 080`, a series joined by commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(cell_text, value))
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else escape_controls(str(value))


def count_of(number: int, noun: str) -> str:
    """A count with its noun: `1 page`, `2 pages`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def is_url(text: str) -> bool:
    """Whether the whole text is an https URL."""
    return _URL.fullmatch(text) is not None


def diff_lines(verdict: Verdict) -> list[str]:
    """Declared and measured value as a diff with one line per list item. Empty if they agree."""
    declared, measured = verdict.claim.declared, verdict.measured
    if measured is None or verdict.status is Status.PASS or declared == measured:
        return []
    old, new = declared.split(", "), measured.split(", ")
    lines = [f"  {item}" if item in new else f"- {item}" for item in old]
    lines += [f"+ {item}" for item in new if item not in old]
    return [escape_controls(line) for line in lines]
