"""An accuracy does not fit those of its family."""

import heapq
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import (
    MOST_COMPARED,
    MOST_PLACES,
    DeclaredAccuracy,
    DeclaredModel,
    agree,
    declared_accuracies,
    join_first,
    without_numbers,
)
from harness.rules.finding import Certainty, Finding

NAME = "accuracy out of line"

# In percentage points, within one training run: ten times the largest inversion between neighbours in size on the
# RegNetY page.
FAR_WORSE = Decimal(1)
# In percentage points, between models of any training whose sizes differ at most by the factor _NEAR: twice the largest
# difference between any two such models of one family on the pages of timm (RegNet, DLA, DenseNet, EfficientNet) and
# of mmpretrain 1.2.0, which is 8.2 points among 1001 pairs.
FAR_APART, _NEAR = Decimal(16), 4
# If FLOPs do not show which of two models is larger, the parameters must differ by this factor: a vision transformer
# with coarser patches has more parameters and is worse.
_LARGER = Decimal("1.25")

# The tag of the weights, after a dot: `a3_in1k` in `resnet50.a3_in1k`. The dot in `regnetx-1.6gf` begins none.
_TAG = re.compile(r"\.([A-Za-z].*)")


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """The accuracy with more conflicts than any other of its family, then the next; otherwise all with conflicts."""
    families: dict[tuple[object, ...], list[DeclaredAccuracy]] = defaultdict(list)
    for accuracy in declared_accuracies(models):
        if "parameters" in accuracy.model.quantities and not accuracy.may_be_fraction:
            model = accuracy.model
            key = model.collection, without_numbers(model.name), accuracy.dataset, accuracy.kind
            families[key].append(accuracy)
    for family in families.values():
        yield from _out_of_line(family)


def _in_conflict(first: DeclaredAccuracy, second: DeclaredAccuracy) -> bool:
    """Whether two models of similar size are far apart, or within one training run the larger is far worse."""
    smaller, larger = sorted((first, second), key=lambda accuracy: _size(accuracy, "parameters"))
    gap = larger.quantity.value - smaller.quantity.value
    if -FAR_WORSE <= gap <= FAR_APART:
        return False
    parameters = [accuracy.model.quantities["parameters"] for accuracy in (first, second)]
    if first.model.names & second.model.names or agree(*parameters):
        return False
    factor = _size(larger, "parameters") / _size(smaller, "parameters")
    if abs(gap) > FAR_APART and factor <= _NEAR:
        return True
    return gap < 0 and _training(first) == _training(second) and _is_larger(larger, smaller, factor)


def _training(accuracy: DeclaredAccuracy) -> tuple[object, ...]:
    """What distinguishes training runs. Numbers are sizes, except those in a tag."""
    model = accuracy.model
    return without_numbers(model.weights.label), _TAG.findall(model.name), model.entry.text("recipe")


def _is_larger(first: DeclaredAccuracy, second: DeclaredAccuracy, factor: Decimal) -> bool:
    """Whether a model with `factor` times the parameters is larger in FLOPs too, if they are declared."""
    flops = _size(first, "flops"), _size(second, "flops")
    return flops[0] > flops[1] if all(flops) else factor >= _LARGER


def _size(accuracy: DeclaredAccuracy, kind: str) -> Decimal:
    quantity = accuracy.model.quantities.get(kind)
    return quantity.value if quantity else Decimal(0)


def _out_of_line(family: Sequence[DeclaredAccuracy]) -> Iterator[Finding]:
    conflicts: dict[int, set[int]] = defaultdict(set)
    for first in range(len(family)):
        for second in range(first + 1, min(first + 1 + MOST_COMPARED, len(family))):
            if _in_conflict(family[first], family[second]):
                conflicts[first].add(second)
                conflicts[second].add(first)
    most = _MostConflicts(conflicts)
    while (worst := most.only_worst()) is not None:
        yield _finding(family[worst], [family[other] for other in sorted(conflicts[worst])], alone=True)
        most.remove(worst)
    for index, others in conflicts.items():
        if others:
            yield _finding(family[index], [family[other] for other in sorted(others)], alone=False)


class _MostConflicts:
    """The accuracies by their numbers of conflicts. The heap also holds numbers that are no longer true."""

    def __init__(self, conflicts: dict[int, set[int]]) -> None:
        self.conflicts = conflicts
        self.heap = [(-len(others), index) for index, others in conflicts.items()]
        heapq.heapify(self.heap)

    def only_worst(self) -> int | None:
        """The accuracy with more conflicts than any other; None if there is none."""
        number, worst = self._pop()
        next_number, second = self._pop()
        for entry in ((number, worst), (next_number, second)):
            if entry[1] >= 0:
                heapq.heappush(self.heap, entry)
        return worst if number < next_number else None

    def remove(self, index: int) -> None:
        """Forget an accuracy and its conflicts."""
        for other in self.conflicts.pop(index):
            self.conflicts[other].remove(index)
            heapq.heappush(self.heap, (-len(self.conflicts[other]), other))

    def _pop(self) -> tuple[int, int]:
        """The accuracy with the most conflicts; (0, -1) if none has any."""
        while self.heap:
            number, index = heapq.heappop(self.heap)
            if number and -number == len(self.conflicts.get(index, ())):
                # The same number can be there twice.
                while self.heap and self.heap[0] == (number, index):
                    heapq.heappop(self.heap)
                return number, index
        return 0, -1


def _finding(accuracy: DeclaredAccuracy, others: Sequence[DeclaredAccuracy], *, alone: bool) -> Finding:
    page = accuracy.model.page
    names = join_first(_name_and_value(other, page) for other in others)
    if alone:
        reason = (
            f"{accuracy.declared} does not fit {names}: within one training run a larger model is more than "
            f"{FAR_WORSE} point worse, or models of similar size differ by more than {FAR_APART} points."
        )
    else:
        reason = (
            f"{accuracy.declared} and {names} contradict each other: one of these accuracies, or the parameters of one "
            "of these models, is wrong; only an evaluation decides which."
        )
    places = tuple(other.where for other in others[:MOST_PLACES])
    return Finding(page, accuracy.claim, NAME, reason, places, "check the accuracy", Certainty.SUSPICIOUS)


def _name_and_value(accuracy: DeclaredAccuracy, page: str) -> str:
    where = "" if accuracy.model.page == page else f", {accuracy.model.page}"
    return f"{accuracy.model.name} ({accuracy.declared}{where})"
