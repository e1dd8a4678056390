"""The cluster's job queue, without a cluster: grouping of tasks, and limits on failures."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.data.shards import Shard
from harness.evaluate.run import job_queue
from harness.evaluate.run.executor import EvaluationTask, ExecutorError, Workload
from harness.evaluate.run.job_queue import Job, JobQueue, group_tasks
from tests.evaluate.networks import Net, NetLoader

RGB = Conditions(Geometry(16, Decimal("0.875"), "bicubic"))
BGR = replace(RGB, channels="BGR")
SHARDS = tuple(Shard(number, ()) for number in range(2))


def make_task(name: str, conditions: Conditions = RGB, weights_bytes: int = 1) -> EvaluationTask:
    return EvaluationTask(name, name, conditions, NetLoader(Net, (0,)), name, weights_bytes=weights_bytes)


def make_queue(pending: Callable[[Shard], Sequence[EvaluationTask]]) -> JobQueue:
    return JobQueue(Workload(None, SHARDS, None, pending, print))  # type: ignore[arg-type]


def names(tasks: Sequence[EvaluationTask]) -> list[str]:
    return [task.model for task in tasks]


def test_group_shares_conditions_and_fits_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_queue, "GROUP_BYTES", 10)
    tasks = [
        make_task("a", RGB, 6),
        make_task("b", BGR),
        make_task("c", RGB, 4),
        make_task("d"),
        make_task("e", RGB, 99),
    ]
    assert [names(group) for group in group_tasks(tasks)] == [["a", "c"], ["d"], ["e"], ["b"]]


def test_jobs_come_group_by_group_without_finished_tasks() -> None:
    tasks = [make_task("a"), make_task("b", BGR), make_task("c")]
    finished: list[EvaluationTask] = []
    queue = make_queue(lambda _: [task for task in tasks if task not in finished])
    first = queue.take()
    assert first is not None
    assert (first.shard.number, names(first.tasks)) == (0, ["a", "c"])
    queue.put_back([first])
    assert queue.take() is first
    finished += [tasks[0]]
    second = queue.take()
    assert second is not None
    assert (second.shard.number, names(second.tasks)) == (1, ["c"])
    finished += [tasks[1]]
    assert queue.take() is None
    assert not queue


def test_failures_and_losses_are_counted_separately() -> None:
    job = Job(SHARDS[1], (make_task("a"), make_task("b")))
    for _ in range(2):
        job.count_failure("a cause")
    for _ in range(9):
        job.count_loss("node seven")
    with pytest.raises(ExecutorError, match="shard 1 of a and 1 more failed 3 times, most recently: a cause"):
        job.count_failure("a cause")
    with pytest.raises(ExecutorError, match="was lost 10 times because its node died, most recently node seven"):
        job.count_loss("node seven")
