"""Percentages and fractions of one are mixed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from harness.project.references import References
from harness.rules.declared_model import MOST_PLACES, DeclaredAccuracy, DeclaredModel, declared_accuracies, list_names
from harness.rules.finding import Certainty, Finding

NAME = "percentages and fractions mixed"

# From here on, a number is a percentage; between 1 and this, it may be either.
_SURELY_PERCENT = 20


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Accuracies in the less frequent style, among those of a page with one kind and dataset, or of one result."""
    by_kind: dict[tuple[object, ...], list[DeclaredAccuracy]] = defaultdict(list)
    by_result: dict[int, list[DeclaredAccuracy]] = defaultdict(list)
    for accuracy in declared_accuracies(models):
        by_kind[accuracy.model.page, accuracy.kind, accuracy.dataset].append(accuracy)
        by_result[id(accuracy.result)].append(accuracy)
    reported: set[object] = set()
    for group in (*by_kind.values(), *by_result.values()):
        # If the page's other models already show which accuracy is wrong, its result adds nothing.
        if reported.isdisjoint(accuracy.claim for accuracy in group):
            found = list(_mixed(group))
            reported.update(finding.claim for finding in found)
            yield from found


def _mixed(group: Sequence[DeclaredAccuracy]) -> Iterator[Finding]:
    fractions = [accuracy for accuracy in group if 0 < accuracy.quantity.value <= 1]
    percentages = [accuracy for accuracy in group if accuracy.quantity.value >= _SURELY_PERCENT]
    if not fractions or len(fractions) + len(percentages) < len(group):
        return
    if len(fractions) <= len(percentages):
        yield from _findings(fractions, percentages, "a fraction", "a percentage")
    if len(percentages) <= len(fractions):
        yield from _findings(percentages, fractions, "a percentage", "a fraction")


def _findings(
    fewer: Sequence[DeclaredAccuracy], others: Sequence[DeclaredAccuracy], style: str, other_style: str
) -> Iterator[Finding]:
    first = others[0]
    more = f" (and {len(others) - 1} more)" if len(others) > 1 else ""
    places = tuple(accuracy.where for accuracy in others[:MOST_PLACES])
    remedy = "write both in the same way, such as 70.28%"
    for accuracy in fewer:
        page = accuracy.model.page
        name = list_names([first.model], page)
        reason = (
            f"{accuracy.declared} is {style}, but {first.kind} of {name}, {first.declared}, is {other_style}{more}."
        )
        yield Finding(page, accuracy.claim, NAME, reason, places, remedy, Certainty.SUSPICIOUS)
