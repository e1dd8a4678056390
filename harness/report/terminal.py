"""Verdicts on a terminal, readable at 80 columns and without colour."""

import sys
from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from harness.index.faults import escape_commands, escape_controls, escape_controls_in_lines
from harness.report.overview import (
    VerdictGroup,
    by_model,
    by_page,
    fields,
    group_by,
    group_verdicts,
    status_label,
    summary_line,
    used_columns,
    worst_status,
)
from harness.report.values import MISSING, TableText, count_of, evidence_text
from harness.system.stdout import trusted
from harness.verdict import Status, Verdict

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
# Above this, claims that were not measured are only counted, or they would hide the others.
_MOST_MODELS = 30
# Longer lines are hard to read.
_MAX_WIDTH = 160


class EscapingConsole(Console):
    """A console whose only control characters are its own: those in the printed text, and commands, are escaped."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As in rich; no text has lines of its own, so that a name cannot forge one."""
        if isinstance(renderable, str):
            renderable = Text(renderable)
        if isinstance(renderable, Text) and "\n" in renderable.plain:
            renderable = renderable.blank_copy(r"\n").join(renderable.split("\n", allow_blank=True))
        return super().render(renderable, options)

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        safe = (
            segment if segment.control else Segment(escape_controls_in_lines(segment.text), segment.style)
            for segment in buffer
        )
        return escape_commands(super()._render_buffer(safe))


def console() -> Console:
    """The terminal, limited to a width that is easy to read."""
    terminal = EscapingConsole(file=trusted(sys.stdout), highlight=False, markup=False, emoji=False)
    terminal.width = min(terminal.width, _MAX_WIDTH)
    return terminal


def print_verdicts(console: Console, verdicts: Sequence[Verdict], *, overview: bool = True) -> None:
    """Print an overview of each page, all verdicts that are not `pass`, and a summary.

    `overview=False` leaves out the table of models, which is mostly empty if only some kinds were selected.
    """
    many = len({(verdict.claim.page, verdict.claim.model) for verdict in verdicts}) > _MOST_MODELS
    for page, on_page in by_page(verdicts).items():
        console.print(Text(escape_controls(page), style="bold"))
        console.print()
        models, columns = by_model(on_page), used_columns(on_page)
        if overview and models and columns:
            console.print(_overview(models, columns))
            console.print()
        for group in group_verdicts(on_page):
            if not (many and group.first.status in _NOT_MEASURED):
                _print_group(console, group)
    if many:
        _print_not_measured(console, group_verdicts(verdicts))
    console.print(Text(summary_line(verdicts), style="bold"))


def print_verdict(console: Console, verdict: Verdict) -> None:
    """Print one verdict with all its evidence."""
    claim = verdict.claim
    console.print(_heading(verdict.status, f"{claim.kind} of {claim.model or claim.page}"))
    console.print(_fields([*fields(verdict).items(), ("at", f"{claim.where} {claim.where.path}")]))
    evidence = evidence_text(verdict)
    for label, values in evidence.facts:
        console.print()
        console.print(Text.assemble((f"{label}: ", "bold"), ", ".join(values)))
    for table in evidence.tables:
        console.print()
        console.print(Text(table.label, style="bold"))
        console.print(_table(table, console.width) if table.columns else _fields(table.rows))


def _overview(models: Mapping[str, Sequence[Verdict]], columns: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("model", overflow="fold")
    for column in columns:
        table.add_column(column)
    for model, verdicts in models.items():
        statuses = [worst_status(verdicts, column) for column in columns]
        cells = [Text(status_label(status), _STYLES[status]) if status else Text(MISSING) for status in statuses]
        table.add_row(Text(model), *cells)
    return table


def _print_group(console: Console, group: VerdictGroup) -> None:
    """What the verdicts share, then one line per verdict for what differs."""
    first, varying = group.first, group.varying()
    count = f", {count_of(len(group.verdicts), 'claim')}" if len(group.verdicts) > 1 else ""
    console.print(_heading(first.status, f"{first.claim.kind}{count}"))
    console.print(_fields(group.shared().items()))
    places = Table.grid(padding=(0, 2, 0, 0))
    if varying:
        places.add_row(*(Text(name, style="dim") for name in ("at", "model", *varying)))
    widths = _fit([max(map(len, values)) for values in varying.values()], [1] * len(varying), _WIDTH_OF_VALUES)
    for index, verdict in enumerate(group.verdicts):
        where = verdict.claim.where
        values = [_shorten(column[index], width) for column, width in zip(varying.values(), widths, strict=True)]
        row = [f"{where.file}:{where.line}", verdict.claim.model or "page", *values]
        places.add_row(*(Text(escape_controls(value)) for value in row))
    console.print(Padding(places, (0, 0, 1, 2)))


def _print_not_measured(console: Console, groups: Iterable[VerdictGroup]) -> None:
    """One line per status and kind: the number of claims and the most frequent reason."""
    not_measured = (group for group in groups if group.first.status in _NOT_MEASURED)
    by_kind = group_by(not_measured, lambda group: (group.first.status, group.first.claim.kind))
    counted = [(sum(len(group.verdicts) for group in of_kind), *key, of_kind) for key, of_kind in by_kind.items()]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("not measured", "kind", "claims", "why"):
        table.add_column(name, justify="right" if name == "claims" else "left", overflow="fold")
    for count, status, kind, of_kind in sorted(counted, key=lambda row: (_NOT_MEASURED.index(row[1]), -row[0], row[2])):
        largest = max(of_kind, key=lambda group: len(group.verdicts))
        others = f" (and {count_of(len(of_kind) - 1, 'other reason')})" if len(of_kind) > 1 else ""
        table.add_row(
            Text(status_label(status), style=_STYLES[status]),
            Text(escape_controls(kind)),
            str(count),
            Text(escape_controls(f"{largest.first.reason}{others}")),
        )
    console.print(table)
    console.print(Text("To list them with their remedies, run: verify all PAGE, or use --format json.", style="dim"))
    console.print()


def _fit(wanted: Sequence[int], least: Sequence[int], available: int) -> list[int]:
    """The wanted widths of columns, the widest reduced until all fit, but none below `least`."""
    widths = [max(low, min(width, available)) for width, low in zip(wanted, least, strict=True)]
    while sum(widths) > max(available, sum(least)):
        widest = max(range(len(widths)), key=lambda column: (widths[column] > least[column], widths[column]))
        widths[widest] -= 1
    return widths


def _shorten(text: str, width: int) -> str:
    """The text without its middle if it is wider than `width`. URLs differ at their ends."""
    return text if len(text) <= width else f"{text[: width // 4]}…{text[width // 4 + 1 - width :]}"


def _heading(status: Status, title: str) -> Text:
    return Text.assemble((status_label(status).upper(), _STYLES[status]), " ", (title, "bold"))


def _fields(pairs: Iterable[Sequence[str]]) -> Padding:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(name, Text(escape_controls(value)))
    return Padding(grid, (0, 0, 0, 2))


def _table(evidence: TableText, width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    widths = _column_widths(evidence, width - 2 * len(evidence.columns) + 1)
    for name, numeric, column_width in zip(evidence.columns, evidence.numeric, widths, strict=True):
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold", width=column_width)
    for row in evidence.rows:
        table.add_row(*map(Text, row))
    return table


def _column_widths(evidence: TableText, available: int) -> list[int]:
    """Values wrap at spaces if the table is too wide, then inside words; headers only at spaces, numbers never."""
    wanted, longest_word, least = [], [], []
    for name, numeric, *values in zip(evidence.columns, evidence.numeric, *evidence.rows, strict=True):
        wanted.append(max(map(cell_len, [name, *values])))
        longest_word.append(max(map(cell_len, " ".join([name, *values]).split()), default=1))
        words = [*name.split(), *(values if numeric else [])]
        least.append(max(map(cell_len, words), default=1))
    widths = _fit(wanted, [max(pair) for pair in zip(longest_word, least, strict=True)], available)
    for column in sorted(range(len(widths)), key=widths.__getitem__, reverse=True):
        excess = max(0, sum(widths) - available)
        widths[column] = max(least[column], widths[column] - excess)
    return widths
