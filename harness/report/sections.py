"""Verdicts arranged for the HTML report: pages with their models, and an anchor for each verdict."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from harness.report.figures.accuracy import accuracy_figure
from harness.report.figures.stages import stages_figure
from harness.report.figures.svg import Figure
from harness.report.figures.widths import widths_figure
from harness.report.overview import VerdictGroup, by_model, by_page, group_verdicts, used_columns
from harness.verdict import Status, Verdict


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A verdict with its anchor in the document."""

    anchor: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ReportSection:
    """The claims about one model, or those of the page itself. `name` is the section's title."""

    anchor: str
    name: str
    claims: tuple[ClaimView, ...]
    figures: tuple[Figure, ...]

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdicts, in the order of the page."""
        return [claim.verdict for claim in self.claims]

    @property
    def false(self) -> int:
        """The number of claims that fail."""
        return sum(claim.verdict.status is Status.FAIL for claim in self.claims)


@dataclass(frozen=True, slots=True)
class ReportPage:
    """All sections of one page, and its figure."""

    name: str
    verdicts: list[Verdict]
    own: ReportSection | None
    models: tuple[ReportSection, ...]
    figure: Figure | None

    @property
    def sections(self) -> list[ReportSection]:
        """The section of the page itself, if there is one, and those of its models."""
        return [*([self.own] if self.own else []), *self.models]

    @property
    def columns(self) -> list[str]:
        """The columns of the overview that at least one model uses."""
        return used_columns(verdict for verdict in self.verdicts if verdict.claim.model is not None)

    @property
    def groups(self) -> list[tuple[VerdictGroup, list[tuple[str, str]]]]:
        """Groups of verdicts that are not `pass`, with the section's name and the anchor of each verdict."""
        links = {
            id(claim.verdict): (section.name, claim.anchor) for section in self.sections for claim in section.claims
        }
        return [(group, [links[id(verdict)] for verdict in group.verdicts]) for group in group_verdicts(self.verdicts)]


def report_pages(verdicts: Iterable[Verdict]) -> list[ReportPage]:
    """The pages that the verdicts are about, in order."""
    pages = by_page(verdicts)
    names = {page: PurePosixPath(page).name for page in pages}
    times = Counter(names.values())
    return [_page(page, names[page] if times[names[page]] == 1 else page, on_page) for page, on_page in pages.items()]


def _page(name: str, short_name: str, verdicts: list[Verdict]) -> ReportPage:
    anchor = f"page/{_quote(name)}"
    own_verdicts = [verdict for verdict in verdicts if verdict.claim.model is None]
    own = ReportSection(anchor, f"page {short_name}", _claims(anchor, own_verdicts), ()) if own_verdicts else None
    models = tuple(_model(name, model, of_model, verdicts) for model, of_model in by_model(verdicts).items())
    return ReportPage(name, verdicts, own, models, accuracy_figure(f"figure/{anchor}", verdicts))


def _model(page: str, model: str, of_model: Sequence[Verdict], on_page: Sequence[Verdict]) -> ReportSection:
    anchor = f"model/{_quote(page)}/{_quote(model)}"
    figures = (
        stages_figure(f"figure/{anchor}/stages", model, of_model),
        widths_figure(f"figure/{anchor}/widths", model, on_page),
    )
    return ReportSection(anchor, model, _claims(anchor, of_model), tuple(filter(None, figures)))


def _claims(anchor: str, verdicts: Iterable[Verdict]) -> tuple[ClaimView, ...]:
    """Each verdict with a unique anchor: its kind, and a number if the kind occurs again."""
    claims = []
    times: Counter[str] = Counter()
    for verdict in verdicts:
        kind = verdict.claim.kind
        times[kind] += 1
        number = f"/{times[kind]}" if times[kind] > 1 else ""
        claims.append(ClaimView(f"{anchor}/{_quote(kind)}{number}", verdict))
    return tuple(claims)


def _quote(name: str) -> str:
    """The name with everything but letters and digits percent-encoded, as one part of an anchor."""
    return quote(name, safe="", errors="surrogatepass")
