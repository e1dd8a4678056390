"""Jobs for a cluster's workers, and how often one may fail before the run stops."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.evaluate.data.shards import Shard
from harness.evaluate.run.executor import EvaluationTask, ExecutorError, Workload

if TYPE_CHECKING:
    from harness.evaluate.data.conditions import Conditions

# How often a job may raise an error, and how often it may be lost because its node died.
MAX_FAILURES, MAX_LOSSES = 3, 10
# The weights files of a group are at most this large together, so that its networks fit in memory.
GROUP_BYTES = 2**30


@dataclass(slots=True, eq=False)
class Job:
    """A shard to evaluate for a group of tasks with the same conditions."""

    shard: Shard
    tasks: tuple[EvaluationTask, ...]
    failures: int = 0
    losses: int = 0

    def __str__(self) -> str:
        first, *others = (task.label for task in self.tasks)
        return f"shard {self.shard.number} of {first}{f' and {len(others)} more' if others else ''}"

    def count_failure(self, cause: str) -> None:
        """Count an error of the job itself. Raises ExecutorError at the limit."""
        self.failures += 1
        if self.failures >= MAX_FAILURES:
            raise ExecutorError(f"{self} failed {self.failures} times, most recently: {cause}")

    def count_loss(self, node: str) -> None:
        """Count the loss of the job with its node. Raises ExecutorError at the limit."""
        self.losses += 1
        if self.losses >= MAX_LOSSES:
            raise ExecutorError(f"{self} was lost {self.losses} times because its node died, most recently {node}")


class JobQueue:
    """The jobs of a workload, group by group, so that networks stay loaded."""

    def __init__(self, workload: Workload) -> None:
        self._pending = workload.pending
        pending = {shard: workload.pending(shard) for shard in workload.shards}
        tasks = list(dict.fromkeys(task for shard_tasks in pending.values() for task in shard_tasks))
        self._waiting = deque(
            Job(shard, members)
            for group in group_tasks(tasks)
            for shard, shard_tasks in pending.items()
            if (members := tuple(task for task in group if task in shard_tasks))
        )

    def __iter__(self) -> Iterator[Job]:
        return iter(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> Job | None:
        """The next job, without tasks that are no longer pending; None at the end."""
        while self._waiting:
            job = self._waiting.popleft()
            pending = self._pending(job.shard)
            job.tasks = tuple(task for task in job.tasks if task in pending)
            if job.tasks:
                return job
        return None

    def put_back(self, jobs: Iterable[Job]) -> None:
        """Return unfinished jobs to the front of the queue."""
        self._waiting.extendleft(jobs)


def group_tasks(tasks: Sequence[EvaluationTask]) -> list[list[EvaluationTask]]:
    """Tasks with the same conditions, split where their weights files together exceed GROUP_BYTES."""
    groups: dict[Conditions, list[list[EvaluationTask]]] = {}
    for task in tasks:
        same_conditions = groups.setdefault(task.conditions, [[]])
        last = same_conditions[-1]
        if last and sum(member.weights_bytes for member in (*last, task)) > GROUP_BYTES:
            same_conditions.append([])
        same_conditions[-1].append(task)
    return [group for same_conditions in groups.values() for group in same_conditions]
