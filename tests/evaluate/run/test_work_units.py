"""Units of work for a cluster, without one: models that share conditions, and when enough is enough."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.data.shards import Shard
from harness.evaluate.run import work_units as units
from harness.evaluate.run.executor import Entrant, ExecutorError, Work
from harness.evaluate.run.work_units import Unit, Units, count_failure, count_loss, groups
from tests.evaluate.networks import Made, Net

RGB = Conditions(Geometry(16, Decimal("0.875"), "bicubic"))
BGR = replace(RGB, channels="BGR")
SHARDS = tuple(Shard(number, ()) for number in range(2))


def entrant(name: str, conditions: Conditions = RGB, size: int = 1) -> Entrant:
    return Entrant(name, name, conditions, Made(Net, (0,), size), name)


def work(wanting: Any) -> Work:
    return Work(None, SHARDS, None, wanting, print)  # type: ignore[arg-type]


def names(found: Sequence[Entrant]) -> list[str]:
    return [one.model for one in found]


def test_a_group_shares_conditions_and_fits_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "GROUP_BYTES", 10)
    found = groups([entrant("a", size=6), entrant("b", BGR), entrant("c", size=4), entrant("d"), entrant("e", size=99)])
    assert [names(group) for group in found] == [["a", "c"], ["d"], ["e"], ["b"]]


def test_units_go_group_by_group_without_what_is_not_wanted_any_more() -> None:
    entrants = [entrant("a"), entrant("b", BGR), entrant("c")]
    stopped: list[Entrant] = []
    queue = Units(work(lambda _: [one for one in entrants if one not in stopped]))
    first = queue.take()
    assert first is not None
    assert (first.shard.number, names(first.entrants)) == (0, ["a", "c"])
    queue.put_back([first])
    assert queue.take() is first
    stopped += [entrants[0]]
    second = queue.take()
    assert second is not None
    assert (second.shard.number, names(second.entrants)) == (1, ["c"])
    stopped += [entrants[1]]
    assert queue.take() is None
    assert queue.empty()


def test_failures_of_its_own_and_losses_of_nodes_are_counted_apart() -> None:
    unit = Unit(SHARDS[1], (entrant("a"), entrant("b")))
    for _ in range(2):
        count_failure(unit, "a cause")
    for _ in range(9):
        count_loss(unit, "node seven")
    with pytest.raises(ExecutorError, match="shard 1 of a and 1 more failed 3 times, the last time so: a cause"):
        count_failure(unit, "a cause")
    with pytest.raises(ExecutorError, match="was lost 10 times with the node it was on, the last time node seven"):
        count_loss(unit, "node seven")
