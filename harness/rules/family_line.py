"""An accuracy is far off the line of its family."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations

from harness.finding import Finding
from harness.index.records import Index
from harness.references import References
from harness.rules.entry import Figure, agree, entries, figures, shown, without_numbers

NAME = "accuracy out of line"

# In points, of one training run: ten times the largest inversion between neighbours in size of the RegNetY page.
FAR_WORSE = Decimal(1)
# In points, between sizes at most so many times apart, whatever the training run: twice the most that is between any
# two such models of one family on the pages of timm (RegNet, DLA, DenseNet, EfficientNet) and of mmpretrain 1.2.0:
# 8.2 points among 1001 pairs.
FAR_APART, _NEAR = Decimal(16), 4
# Where FLOPs do not tell which of two models is the larger, so many times the parameters do: a vision transformer has
# more of them the coarser its patches are, and is the worse for it.
_LARGER = Decimal("1.25")

_REMEDY = "check the figure"


def find(indexes: Sequence[Index], _: References) -> Iterator[Finding]:
    """Against the figure in more conflicts than any other of its line, then the next; else against all in conflict."""
    lines: dict[tuple[object, ...], list[Figure]] = defaultdict(list)
    for figure in figures(entries(indexes)):
        if figure.entry.quantity("parameters") and not figure.may_be_fraction:
            lines[_line(figure)].append(figure)
    for line in lines.values():
        yield from _out_of_line([pair for pair in combinations(line, 2) if _in_conflict(*pair)])


def _line(figure: Figure) -> tuple[object, ...]:
    """Models of one family, whose names differ only in numbers, on one dataset."""
    return figure.entry.collection, without_numbers(figure.entry.name), figure.dataset, figure.kind


def _in_conflict(one: Figure, other: Figure) -> bool:
    """Whether two models of about one size are far apart, or of one training run the larger is far worse."""
    smaller, larger = (one, other) if _size(one, "parameters") < _size(other, "parameters") else (other, one)
    gap = larger.quantity.value - smaller.quantity.value
    if -FAR_WORSE <= gap <= FAR_APART:
        return False
    if one.entry.names & other.entry.names or agree(*(each.entry.quantity("parameters") for each in (one, other))):
        return False
    times = _size(larger, "parameters") / _size(smaller, "parameters")
    if abs(gap) > FAR_APART and times <= _NEAR:
        return True
    runs = {without_numbers(each.entry.weights.label) for each in (one, other)}
    return gap < -FAR_WORSE and len(runs) == 1 and _is_larger(larger, smaller, times)


def _is_larger(one: Figure, other: Figure, times: Decimal) -> bool:
    """Whether a model with so many times the parameters is the larger one in FLOPs too, as far as they are declared."""
    flops = _size(one, "flops"), _size(other, "flops")
    return flops[0] > flops[1] if all(flops) else times >= _LARGER


def _size(figure: Figure, kind: str) -> Decimal:
    quantity = figure.entry.quantity(kind)
    return quantity.value if quantity else Decimal(0)


def _out_of_line(conflicts: list[tuple[Figure, Figure]]) -> Iterator[Finding]:
    while conflicts:
        figures_of = {figure.claim: figure for pair in conflicts for figure in pair}
        (blamed, most), *rest = Counter(figure.claim for pair in conflicts for figure in pair).most_common(2)
        if rest and rest[0][1] == most:
            break
        yield _finding(figures_of[blamed], conflicts, to_blame=True)
        conflicts = [pair for pair in conflicts if blamed not in {figure.claim for figure in pair}]
    for figure in {figure.claim: figure for pair in conflicts for figure in pair}.values():
        yield _finding(figure, conflicts, to_blame=False)


def _finding(figure: Figure, conflicts: list[tuple[Figure, Figure]], *, to_blame: bool) -> Finding:
    page, own = figure.entry.page, figure.claim
    others = [one for pair in conflicts if own in {each.claim for each in pair} for one in pair if one.claim != own]
    names = shown((one.entry for one in others), page)
    if to_blame:
        reason = (
            f"Out of line with {names}: of one family, it is more than {FAR_APART} points from a model of about its "
            f"size, or of one training run a larger model is worse by more than {FAR_WORSE} point."
        )
    else:
        reason = (
            f"Either this or the figure of {names} is wrong, or the parameters of one of them; which, only measuring "
            "tells."
        )
    return Finding(page, own, NAME, reason, tuple(one.where for one in others), _REMEDY, to_blame)
