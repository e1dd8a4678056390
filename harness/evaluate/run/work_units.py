"""Units of work for a cluster: a shard for a group of models, and how often one may fail before that is enough."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.evaluate.data.shards import Shard
from harness.evaluate.run.executor import Entrant, ExecutorError, Work

if TYPE_CHECKING:
    from harness.evaluate.data.conditions import Conditions

# A unit may fail so often by itself, and be lost so often with the node that it was on.
MOST_FAILURES, MOST_LOSSES = 3, 10
# The weights files of a group are at most so large together, so that its networks fit beside each other.
GROUP_BYTES = 2**30


@dataclass(slots=True, eq=False)
class Unit:
    """A shard, and models that want it under the same conditions."""

    shard: Shard
    entrants: tuple[Entrant, ...]
    failures: int = 0
    losses: int = 0

    def __str__(self) -> str:
        first, *others = (entrant.label for entrant in self.entrants)
        return f"shard {self.shard.number} of {first}{f' and {len(others)} more' if others else ''}"


class Units:
    """The units of some work, group by group, so that networks stay loaded; whoever is free takes the next."""

    def __init__(self, work: Work) -> None:
        self._wanting = work.wanting
        wanted = {shard: work.wanting(shard) for shard in work.shards}
        entrants = list(dict.fromkeys(entrant for found in wanted.values() for entrant in found))
        self._waiting = deque(
            Unit(shard, members)
            for group in groups(entrants)
            for shard, found in wanted.items()
            if (members := tuple(entrant for entrant in group if entrant in found))
        )

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._waiting)

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def take(self) -> Unit | None:
        """The next unit that is still wanted, without the models that do not want it any more; None at the end."""
        while self._waiting:
            unit = self._waiting.popleft()
            wanting = self._wanting(unit.shard)
            unit.entrants = tuple(entrant for entrant in unit.entrants if entrant in wanting)
            if unit.entrants:
                return unit
        return None

    def put_back(self, units: Iterable[Unit]) -> None:
        """Let units that did not get done be taken next."""
        self._waiting.extendleft(units)


def count_failure(unit: Unit, cause: str) -> None:
    """Note that the unit failed for a reason of its own. Raises ExecutorError where it failed too often."""
    unit.failures += 1
    if unit.failures >= MOST_FAILURES:
        raise ExecutorError(f"{unit} failed {unit.failures} times, the last time so: {cause}")


def count_loss(unit: Unit, node: str) -> None:
    """Note that the unit was lost with its node. Raises ExecutorError where that happened too often."""
    unit.losses += 1
    if unit.losses >= MOST_LOSSES:
        raise ExecutorError(f"{unit} was lost {unit.losses} times with the node it was on, the last time {node}")


def groups(entrants: Sequence[Entrant]) -> list[list[Entrant]]:
    """Entrants that share conditions, cut where their weights files together would be too large."""
    found: dict[Conditions, list[list[Entrant]]] = {}
    for entrant in entrants:
        of_conditions = found.setdefault(entrant.conditions, [[]])
        if of_conditions[-1] and sum(one.load.size for one in (*of_conditions[-1], entrant)) > GROUP_BYTES:
            of_conditions.append([])
        of_conditions[-1].append(entrant)
    return [group for of_conditions in found.values() for group in of_conditions]
