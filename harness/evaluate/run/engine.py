"""Evaluation of models on a dataset: reuses stored shards, has an executor evaluate the rest, stores every result."""

from collections.abc import Container, Sequence
from functools import cache
from itertools import takewhile
from typing import Any

from harness.evaluate.data.crop_cache import CROP_MODULES
from harness.evaluate.data.dataset import Dataset
from harness.evaluate.data.preprocessing import ImageError
from harness.evaluate.data.shards import Shard, make_shards
from harness.evaluate.run.device import library_versions
from harness.evaluate.run.executor import (
    EvaluationSettings,
    EvaluationTask,
    Executor,
    ExecutorError,
    Result,
    TopClasses,
    Workload,
)
from harness.evaluate.run.ledger import EvaluatedShard, Ledger, LedgerError
from harness.evaluate.run.local_executor import LocalExecutor
from harness.evaluate.run.progress import Progress
from harness.evaluate.statistics.scores import Counts, Failure, Prediction, Scores, count, cumulative
from harness.system.files import code_digest

Outcome = Scores | Failure

# The modules of this package that decide an evaluation's outcome.
RESULT_MODULES = (
    *CROP_MODULES,
    "evaluate/run/device.py",
    "evaluate/run/engine.py",
    "evaluate/run/model_pool.py",
    "evaluate/run/network_loading.py",
    "evaluate/statistics/scores.py",
    "measure/tensors.py",
    "zoo/*.py",
)


def evaluate(
    dataset: Dataset,
    tasks: Sequence[EvaluationTask],
    settings: EvaluationSettings,
    progress: Progress,
    executor: Executor | None = None,
) -> dict[EvaluationTask, Outcome]:
    """Every task's scores on the dataset, from stored results where possible. The default executor is local."""
    if not dataset.images:
        return dict.fromkeys(tasks, Failure("There are no images."))
    return _Evaluation(dataset, tasks, settings, progress).run(executor or LocalExecutor())


class _Evaluation:
    def __init__(
        self, dataset: Dataset, tasks: Sequence[EvaluationTask], settings: EvaluationSettings, progress: Progress
    ) -> None:
        self.dataset = dataset
        self.settings = settings
        self.progress = progress
        self.shards = make_shards(dataset, settings.first)
        self.ledgers = {task: Ledger(self._description(task)) for task in tasks}
        self.evaluated: dict[EvaluationTask, dict[Shard, EvaluatedShard]] = {task: {} for task in tasks}
        self.failures: dict[EvaluationTask, Failure] = {}
        # The predictions for a shard so far, by the index of the image.
        self.partial: dict[Shard, dict[EvaluationTask, dict[int, Prediction]]] = {}
        # Images with a correct top-1, and images evaluated, now or in earlier runs.
        self.running_top_1: dict[EvaluationTask, tuple[int, int]] = dict.fromkeys(tasks, (0, 0))
        self.store_failed = False

    def run(self, executor: Executor) -> dict[EvaluationTask, Outcome]:
        if not self.settings.refresh:
            self._load_stored()
        pending = {shard: tasks for shard in self.shards if (tasks := self._pending(shard))}
        if pending:
            pending_tasks = {task for tasks in pending.values() for task in tasks}
            self.progress.start(
                sum(len(shard.images) for shard in pending),
                [task.label for task in self.ledgers if task in pending_tasks],
                sum(len(shard.images) for shard in self.shards),
            )
            workload = Workload(self.dataset, list(pending), self.settings, self._pending, self.progress.note)
            try:
                for result in executor.evaluate(workload):
                    self._add(result)
            except (ImageError, ExecutorError, RuntimeError) as error:
                # DataLoader raises RuntimeError: a worker was killed, or shared memory ran out.
                reason = str(error).partition("\n")[0].rstrip(".")
                for task in {task for shard in self.shards for task in self._pending(shard)}:
                    self.failures[task] = Failure(f"{reason}. No image is skipped.")
            finally:
                self.progress.stop()
        return {task: self._outcome(task) for task in self.ledgers}

    def _description(self, task: EvaluationTask) -> dict[str, Any]:
        return ({"code": task.code} if task.code else {}) | {
            "model": task.model,
            "weights": task.weights,
            "images": self.dataset.fingerprint,
            "conditions": task.conditions.as_json(),
            "precision": self.settings.precision,
            "device": self.settings.device.type,
            "versions": result_versions(self.settings.device.type),
        }

    def _load_stored(self) -> None:
        for task, ledger in self.ledgers.items():
            try:
                self.evaluated[task] = {shard: found for shard in self.shards if (found := ledger.load(shard))}
            except LedgerError as error:
                self.failures[task] = Failure(str(error))
            for evaluated in self.evaluated[task].values():
                self._count_top_1(task, evaluated.counts)

    def _pending(self, shard: Shard) -> list[EvaluationTask]:
        """The tasks that still need the shard."""
        unfinished = (task for task in self.ledgers if task not in self.failures and not self._decided_at(task))
        return [task for task in unfinished if shard not in self.evaluated[task]]

    def _decided_at(self, task: EvaluationTask) -> Counts | None:
        """The counts at which the task's stopping rule decided; None if it has not, or there is no rule."""
        if task.rule is None:
            return None
        return task.rule.decided_at(self._interim_counts(task), self.dataset.spec.images)

    def _interim_counts(self, task: EvaluationTask) -> tuple[Counts, ...]:
        """The task's cumulative counts, up to the first shard that is not evaluated."""
        evaluated = self.evaluated[task]
        return cumulative(evaluated[shard].counts for shard in takewhile(evaluated.__contains__, self.shards))

    def _add(self, result: Result) -> None:
        """Add an executor's result, and store the shard for every task whose predictions are complete."""
        shard = result.shard
        partial = self.partial.setdefault(shard, {task: {} for task in self._pending(shard)})
        before = self._images_done(shard)
        for task, outcome in result.outcomes.items():
            if isinstance(outcome, Failure):
                self.failures.setdefault(task, outcome)
            elif task not in self.failures:
                added = _new_predictions(result, outcome, partial.setdefault(task, {}))
                partial[task] |= added
                self._count_top_1(task, count(tuple(added.values())))
        tasks = [task for task in partial if task not in self.failures]
        self.progress.advance(
            self._images_done(shard) - before, {task.label: self.running_top_1[task] for task in tasks}
        )
        for task in tasks:
            if len(partial[task]) == len(shard.images) and shard not in self.evaluated[task]:
                complete = tuple(partial[task][index] for index in range(len(shard.images)))
                self._store(task, shard, EvaluatedShard(complete, count(complete), result.environment))

    def _images_done(self, shard: Shard) -> int:
        """How many of the shard's images are done, averaged over the tasks that did not fail or stop."""
        tasks = {*self._pending(shard), *(task for task, evaluated in self.evaluated.items() if shard in evaluated)}
        done = [len(predictions) for task, predictions in self.partial[shard].items() if task in tasks]
        return sum(done) // len(done) if done else len(shard.images)

    def _count_top_1(self, task: EvaluationTask, counts: Counts) -> None:
        correct, images = self.running_top_1[task]
        self.running_top_1[task] = correct + counts.top_1, images + counts.images

    def _store(self, task: EvaluationTask, shard: Shard, evaluated: EvaluatedShard) -> None:
        self.evaluated[task][shard] = evaluated
        try:
            self.ledgers[task].store(shard, evaluated)
        except OSError as error:
            if not self.store_failed:
                self.progress.note(f"Results cannot be stored and will be lost when this run ends: {error}")
            self.store_failed = True
        decided = self._decided_at(task)
        if decided and decided == self._interim_counts(task)[-1] and len(self.evaluated[task]) < len(self.shards):
            self.progress.note(f"{task.label}: decided after {decided.images} of {self.dataset.spec.images} images.")

    def _outcome(self, task: EvaluationTask) -> Outcome:
        if task in self.failures:
            return self.failures[task]
        required = self._required_shards(task)
        parts = [self.evaluated[task][shard] for shard in required if shard in self.evaluated[task]]
        if len(parts) < len(required):
            return Failure(f"Only {len(parts)} of {len(required)} shards were evaluated.")
        predictions = tuple(prediction for part in parts for prediction in part.predictions)
        environments = tuple({str(part.environment): part.environment for part in parts}.values())
        interim_counts = cumulative(part.counts for part in parts)
        return Scores(predictions, count(predictions), self.dataset.spec.images, environments, interim_counts)

    def _required_shards(self, task: EvaluationTask) -> Sequence[Shard]:
        """All shards; or, if some are not evaluated, those up to the stopping rule's decision."""
        decided = self._decided_at(task)
        if decided is None or all(shard in self.evaluated[task] for shard in self.shards):
            return self.shards
        return self.shards[: self._interim_counts(task).index(decided) + 1]


def _new_predictions(result: Result, top_classes: Sequence[TopClasses], known: Container[int]) -> dict[int, Prediction]:
    """A task's predictions by the index of the image. Raises ExecutorError if images are missing or already known."""
    indices = range(*result.part.indices(len(result.shard.images)))
    if len(top_classes) != len(indices) or any(index in known for index in indices):
        raise ExecutorError(
            f"shard {result.shard.number}: expected {len(indices)} new images from index {result.part.start}, each "
            f"once, got {len(top_classes)} or some that were counted before"
        )
    images = result.shard.images[result.part]
    predictions = (Prediction(image.name, image.label, top) for image, top in zip(images, top_classes, strict=True))
    return dict(zip(indices, predictions, strict=True))


@cache
def result_versions(device_type: str) -> dict[str, str]:
    """Every version that an evaluation on a `cpu` or `cuda` depends on: libraries, and this package's own code."""
    return library_versions(device_type) | {"harness": code_digest(*RESULT_MODULES)}
