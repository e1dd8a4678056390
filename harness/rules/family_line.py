"""An accuracy is far off the line of its family."""

import heapq
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations

from harness.project.references import References
from harness.rules.declared_model import (
    MOST_PLACES,
    DeclaredAccuracy,
    DeclaredModel,
    agree,
    figures,
    shown,
    without_numbers,
)
from harness.rules.finding import Finding

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

# Which weights of a network: behind a dot, as in `resnet50.a3_in1k`. A dot in a number is none: `regnetx-1.6gf`.
_TAG = re.compile(r"\.([A-Za-z].*)")

_REMEDY = "check the figure"


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Against the figure in more conflicts than any other of its line, then the next; else against all in conflict."""
    lines: dict[tuple[object, ...], list[DeclaredAccuracy]] = defaultdict(list)
    for figure in figures(models):
        if figure.entry.quantity("parameters") and not figure.may_be_fraction:
            lines[_line(figure)].append(figure)
    for line in lines.values():
        yield from _out_of_line(line)


def _line(figure: DeclaredAccuracy) -> tuple[object, ...]:
    """Models of one family, whose names differ only in numbers, on one dataset."""
    return figure.entry.collection, without_numbers(figure.entry.name), figure.dataset, figure.kind


def _in_conflict(one: DeclaredAccuracy, other: DeclaredAccuracy) -> bool:
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
    return gap < 0 and _run(one) == _run(other) and _is_larger(larger, smaller, times)


def _run(figure: DeclaredAccuracy) -> tuple[object, ...]:
    """What training runs are told apart by. Numbers are sizes, but for those in a tag."""
    entry = figure.entry
    return without_numbers(entry.weights.label), _TAG.findall(entry.name), entry.record.text("recipe")


def _is_larger(one: DeclaredAccuracy, other: DeclaredAccuracy, times: Decimal) -> bool:
    """Whether a model with so many times the parameters is the larger one in FLOPs too, as far as they are declared."""
    flops = _size(one, "flops"), _size(other, "flops")
    return flops[0] > flops[1] if all(flops) else times >= _LARGER


def _size(figure: DeclaredAccuracy, kind: str) -> Decimal:
    quantity = figure.entry.quantity(kind)
    return quantity.value if quantity else Decimal(0)


def _out_of_line(line: Sequence[DeclaredAccuracy]) -> Iterator[Finding]:
    conflicts: dict[int, set[int]] = defaultdict(set)
    for one, two in combinations(range(len(line)), 2):
        if _in_conflict(line[one], line[two]):
            conflicts[one].add(two)
            conflicts[two].add(one)
    while any(conflicts.values()):
        first, second = heapq.nlargest(2, conflicts, key=lambda one: len(conflicts[one]))
        if len(conflicts[first]) == len(conflicts[second]):
            break
        yield _finding(line[first], [line[other] for other in sorted(conflicts[first])], to_blame=True)
        for other in conflicts.pop(first):
            conflicts[other].remove(first)
    for number, others in conflicts.items():
        if others:
            yield _finding(line[number], [line[other] for other in sorted(others)], to_blame=False)


def _finding(figure: DeclaredAccuracy, others: Sequence[DeclaredAccuracy], *, to_blame: bool) -> Finding:
    page, names = figure.entry.page, shown((one.entry for one in others), figure.entry.page)
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
    places = tuple(one.where for one in others[:MOST_PLACES])
    return Finding(page, figure.claim, NAME, reason, places, _REMEDY, to_blame)
