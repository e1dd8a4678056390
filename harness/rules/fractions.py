"""Percentages and fractions of one are mixed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from harness.project.references import References
from harness.rules.declared_model import MOST_PLACES, DeclaredAccuracy, DeclaredModel, figures, shown
from harness.rules.finding import Finding

NAME = "percentages and fractions mixed"

# From there on a number is a percentage and no other reading is likely; what lies between tells nothing.
_SURELY_PERCENT = 20


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Against the figures of a page, of one kind and dataset or of one result, that are written as fewer others are."""
    of_kind: dict[tuple[object, ...], list[DeclaredAccuracy]] = defaultdict(list)
    of_result: dict[int, list[DeclaredAccuracy]] = defaultdict(list)
    for figure in figures(models):
        page = figure.entry.page
        of_kind[page, figure.kind, figure.dataset].append(figure)
        of_result[id(figure.result)].append(figure)
    told: set[object] = set()
    for group in (*of_kind.values(), *of_result.values()):
        # Where the models of a page tell which figure is the odd one, those of its result do not accuse each other.
        if told.isdisjoint(figure.claim for figure in group):
            found = list(_mixed(group))
            told.update(finding.claim for finding in found)
            yield from found


def _mixed(group: Sequence[DeclaredAccuracy]) -> Iterator[Finding]:
    fractions = [one for one in group if 0 < one.quantity.value <= 1]
    percentages = [one for one in group if one.quantity.value >= _SURELY_PERCENT]
    if not fractions or len(fractions) + len(percentages) < len(group):
        return
    if len(fractions) <= len(percentages):
        yield from _findings(fractions, percentages)
    if len(percentages) <= len(fractions):
        yield from _findings(percentages, fractions)


def _findings(fewer: Sequence[DeclaredAccuracy], others: Sequence[DeclaredAccuracy]) -> Iterator[Finding]:
    for figure in fewer:
        is_fraction = figure.quantity.value <= 1
        style, other = ("a fraction", "a percentage") if is_fraction else ("a percentage", "a fraction")
        first = others[0]
        name = shown([first.entry], figure.entry.page)
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        reason = (
            f"Written as {style}, where {first.kind} of {name}{more} is {other}: {first.quantity.raw.strip()} against "
            f"{figure.quantity.raw.strip()}."
        )
        places = tuple(one.where for one in others[:MOST_PLACES])
        remedy = "write both alike, such as 70.28%"
        to_blame = len(fewer) < len(others)
        yield Finding(figure.entry.page, figure.claim, NAME, reason, places, remedy, to_blame)
