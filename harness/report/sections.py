"""Verdicts divided as a reader opens them: pages, each with the claims of its own and with its models."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from harness.report.figures.accuracy import accuracy
from harness.report.figures.drawing import Figure
from harness.report.figures.stages import multiply_adds_by_stage
from harness.report.figures.widths import block_widths
from harness.report.overview import Cause, by_model, by_page, causes, columns
from harness.report.values import all_evidence, plain
from harness.verdict import Fact, Status, Verdict

_NUMBER = re.compile(r"[+-]?[0-9][0-9 ]*(\.[0-9]+)?%?")


@dataclass(frozen=True, slots=True)
class Table:
    """Evidence in rows; `columns` is empty where the first of two tells what the second is."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def numeric(self) -> list[bool]:
        """Whether each column but the first holds numbers only."""
        columns = zip(*self.rows, strict=True)
        return [number > 0 and all(map(_NUMBER.fullmatch, cells)) for number, cells in enumerate(columns)]


@dataclass(frozen=True, slots=True)
class Entry:
    """A verdict, and the anchor in the document where it is told."""

    anchor: str
    verdict: Verdict

    @property
    def facts(self) -> dict[str, list[str]]:
        """The facts of the evidence: their values by label."""
        return {
            item.label: [plain(value) for value in item.values] or ["none"]
            for item in all_evidence(self.verdict)
            if isinstance(item, Fact)
        }

    @property
    def tables(self) -> list[Table]:
        """The tables of the evidence."""
        return [
            Table(item.label, item.columns, tuple(tuple(map(plain, row)) for row in item.rows))
            for item in all_evidence(self.verdict)
            if not isinstance(item, Fact)
        ]


@dataclass(frozen=True, slots=True)
class Section:
    """The claims about one model, or where `model` is None those of the page itself."""

    anchor: str
    page: str
    model: str | None
    entries: tuple[Entry, ...]
    figures: tuple[Figure, ...]

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdicts, in the order of the page."""
        return [entry.verdict for entry in self.entries]

    @property
    def false(self) -> int:
        """How many of its claims are false."""
        return sum(entry.verdict.status is Status.FAIL for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Page:
    """All that is told of one page."""

    name: str
    verdicts: list[Verdict]
    itself: Section | None
    models: tuple[Section, ...]
    figure: Figure | None

    @property
    def sections(self) -> list[Section]:
        """The page's own section, where it has one, and those of its models."""
        return [*([self.itself] if self.itself else []), *self.models]

    @property
    def columns(self) -> list[str]:
        """The columns of the overview that some model fills."""
        return columns(verdict for verdict in self.verdicts if verdict.claim.model is not None)

    @property
    def causes(self) -> list[tuple[Cause, list[Entry]]]:
        """Verdicts that are not `pass` and share a cause, with the entries that tell them one by one."""
        entries = {id(entry.verdict): entry for section in self.sections for entry in section.entries}
        return [(cause, [entries[id(verdict)] for verdict in cause.verdicts]) for cause in causes(self.verdicts)]


def pages(verdicts: Iterable[Verdict]) -> list[Page]:
    """The pages that the verdicts are about, in order."""
    return [_page(name, on_page) for name, on_page in by_page(verdicts).items()]


def _page(name: str, verdicts: list[Verdict]) -> Page:
    anchor = f"page/{_quoted(name)}"
    own = [verdict for verdict in verdicts if verdict.claim.model is None]
    itself = Section(anchor, name, None, _entries(anchor, own), ()) if own else None
    models = tuple(_model(name, model, of_model, verdicts) for model, of_model in by_model(verdicts).items())
    return Page(name, verdicts, itself, models, accuracy(f"figure/{anchor}", verdicts))


def _model(page: str, model: str, of_model: Sequence[Verdict], on_page: Sequence[Verdict]) -> Section:
    anchor = f"model/{_quoted(page)}/{_quoted(model)}"
    figures = (
        multiply_adds_by_stage(f"figure/{anchor}/stages", model, of_model),
        block_widths(f"figure/{anchor}/widths", model, on_page),
    )
    return Section(anchor, page, model, _entries(anchor, of_model), tuple(figure for figure in figures if figure))


def _entries(anchor: str, verdicts: Iterable[Verdict]) -> tuple[Entry, ...]:
    """Each verdict with an anchor of its own: its kind, and its number among several of that kind."""
    entries = []
    seen: Counter[str] = Counter()
    for verdict in verdicts:
        kind = verdict.claim.kind
        seen[kind] += 1
        number = f"/{seen[kind]}" if seen[kind] > 1 else ""
        entries.append(Entry(f"{anchor}/{_quoted(kind)}{number}", verdict))
    return tuple(entries)


def _quoted(name: str) -> str:
    """The name in letters, digits and percent signs, so that it is one part of an address and of nothing else."""
    return quote(name, safe="", errors="surrogatepass")
