"""Verdicts for a person at a terminal: readable at 80 columns and without colour."""

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.index.faults import escape_controls
from harness.report.overview import (
    NOT_DECLARED,
    Cause,
    by_model,
    by_page,
    causes,
    cell,
    columns,
    summary_line,
    value_of,
    words,
)
from harness.report.values import all_evidence, plain
from harness.verdict import Fact, Status, Verdict
from harness.verdict import Table as EvidenceTable

_STYLES = {
    Status.PASS: "green",
    Status.EXPLAINED: "cyan",
    Status.FAIL: "bold red",
    Status.NOT_RUN: "yellow",
    Status.UNCHECKED: "yellow",
    Status.WAIVED: "magenta",
    Status.ERROR: "bold red reverse",
}
_WIDTH_OF_VALUES = 36
_NOT_MEASURED = (Status.NOT_RUN, Status.UNCHECKED)
# Of more than these, a line for each claim that was not measured would be all that is seen.
_MOST_MODELS = 30
# Wider than that, lines are hard to read and padding takes over.
_WIDEST = 160


def console() -> Console:
    """The terminal, no wider than is good to read."""
    made = Console(highlight=False)
    made.width = min(made.width, _WIDEST)
    return made


def print_verdicts(console: Console, verdicts: Sequence[Verdict], *, overview: bool = True) -> None:
    """An overview of each page, every verdict that is not `pass`, and the sum.

    Of claims picked one by one an overview would be full of holes that mean nothing. Of many models, what was not
    measured is counted by its cause, behind what is false.
    """
    many = len({(verdict.claim.page, verdict.claim.model) for verdict in verdicts}) > _MOST_MODELS
    for page, on_page in by_page(verdicts).items():
        console.print(Text(escape_controls(page), style="bold"))
        console.print()
        models = by_model(on_page)
        shown = columns(on_page)
        if overview and models and shown:
            console.print(_overview(models, shown))
            console.print()
        for cause in causes(on_page):
            if not (many and cause.first.status in _NOT_MEASURED):
                _print_cause(console, cause)
    if many:
        _print_not_measured(console, causes(verdicts))
    console.print(Text(summary_line(verdicts), style="bold"))


def print_verdict(console: Console, verdict: Verdict) -> None:
    """One verdict with all its evidence."""
    claim = verdict.claim
    console.print(_heading(verdict.status, f"{claim.kind} of {claim.model or claim.page}"))
    fields = {
        "declared": claim.declared,
        "measured": verdict.measured,
        "difference": verdict.difference,
        "method": verdict.method,
        "at": f"{claim.where} {claim.where.path}",
        "why": verdict.reason,
        "remedy": verdict.remedy,
    }
    console.print(_fields(fields))
    for item in all_evidence(verdict):
        console.print()
        if isinstance(item, Fact):
            console.print(Text.assemble((f"{item.label}: ", "bold"), plain(item.values)))
            continue
        console.print(Text(item.label, style="bold"))
        console.print(_table(item) if item.columns else _fields({str(name): plain(value) for name, value in item.rows}))


def _overview(models: Mapping[str, Sequence[Verdict]], shown: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("model", overflow="fold")
    for column in shown:
        table.add_column(column)
    for model, verdicts in models.items():
        row = [Text(model)]
        for column in shown:
            status = cell(verdicts, column)
            row.append(Text(words(status), style=_STYLES[status]) if status else Text(NOT_DECLARED))
        table.add_row(*row)
    return table


def _print_cause(console: Console, cause: Cause) -> None:
    """What the verdicts share once, then a line for each with what they do not."""
    first, varying = cause.first, cause.varying()
    many = f", {len(cause.verdicts)} times" if len(cause.verdicts) > 1 else ""
    console.print(_heading(first.status, f"{first.claim.kind}{many}"))
    shared = {field: cause.shared(field) for field in ("declared", "measured", "difference")}
    console.print(_fields({**shared, "method": first.method, "why": first.reason, "remedy": first.remedy}))
    places = Table.grid(padding=(0, 2, 0, 0))
    if varying:
        places.add_row(*(Text(name, style="dim") for name in ("at", "model", *varying)))
    told = {field: [value_of(verdict, field) or "none" for verdict in cause.verdicts] for field in varying}
    widths = _widths({field: max(map(len, values)) for field, values in told.items()})
    for number, verdict in enumerate(cause.verdicts):
        where = verdict.claim.where
        values = [_shortened(told[field][number], widths[field]) for field in varying]
        row = [f"{where.file}:{where.line}", verdict.claim.model or "page", *values]
        places.add_row(*(Text(escape_controls(value)) for value in row))
    console.print(Padding(places, (0, 0, 1, 2)))


def _print_not_measured(console: Console, found: Iterable[Cause]) -> None:
    """A line for each kind of claim and status: how many, and the most frequent reason, the most first."""
    groups: dict[tuple[Status, str], list[Cause]] = {}
    for cause in found:
        if cause.first.status in _NOT_MEASURED:
            groups.setdefault((cause.first.status, cause.first.claim.kind), []).append(cause)
    counted = [(sum(len(one.verdicts) for one in group), *key, group) for key, group in groups.items()]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("not measured", "claim", "times", "why"):
        table.add_column(name, justify="right" if name == "times" else "left", overflow="fold")
    for count, status, kind, group in sorted(counted, key=lambda row: (_NOT_MEASURED.index(row[1]), -row[0], row[2])):
        most = max(group, key=lambda one: len(one.verdicts))
        others = f" (and {len(group) - 1} other reasons)" if len(group) > 1 else ""
        table.add_row(
            Text(words(status), style=_STYLES[status]),
            Text(escape_controls(kind)),
            str(count),
            Text(escape_controls(f"{most.first.reason}{others}")),
        )
    console.print(table)
    console.print(Text("Each of them, with its remedy: verify all PAGE, or --format json.", style="dim"))
    console.print()


def _widths(wanted: Mapping[str, int]) -> dict[str, int]:
    """The width that each column gets: what it wants, or an equal share of what narrower ones leave."""
    left, widths = _WIDTH_OF_VALUES, {}
    for number, field in enumerate(sorted(wanted, key=lambda field: wanted[field])):
        widths[field] = min(wanted[field], left // (len(wanted) - number))
        left -= widths[field]
    return widths


def _shortened(text: str, width: int) -> str:
    """The text with its middle left out, where it is wider than `width`; addresses differ at their ends."""
    return text if len(text) <= width else f"{text[: width // 4]}…{text[width // 4 + 1 - width :]}"


def _heading(status: Status, what: str) -> Text:
    return Text.assemble((words(status).upper(), _STYLES[status]), " ", (what, "bold"))


def _fields(fields: Mapping[str, str | None]) -> Padding:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in fields.items():
        if value is not None:
            grid.add_row(name, Text(escape_controls(value)))
    return Padding(grid, (0, 0, 0, 2))


def _table(evidence: EvidenceTable) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in evidence.columns:
        numeric = all(isinstance(value, int) for value in evidence.column(name))
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in evidence.rows:
        table.add_row(*(Text(plain(value)) for value in row))
    return table
