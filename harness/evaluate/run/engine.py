"""An evaluation: what is kept of it is looked up, the rest is given to whoever evaluates, and every result is kept."""

from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from typing import Any

from harness.evaluate.data.dataset import Dataset
from harness.evaluate.data.preprocessing import ImageError
from harness.evaluate.data.shards import Shard, shards
from harness.evaluate.run.device import deciding_versions
from harness.evaluate.run.executor import Entrant, EvaluationSettings, Executor, ExecutorError, Result, Work
from harness.evaluate.run.ledger import Kept, Ledger, LedgerError
from harness.evaluate.run.local_executor import LocalExecutor
from harness.evaluate.run.progress import Progress
from harness.evaluate.run.shard_predictions import Gathering
from harness.evaluate.statistics.scores import Counts, Failure, Scores, count, running
from harness.system.files import code_digest

Outcome = Scores | Failure

# The harness's own modules, of this package, that an evaluation's result depends on.
_MODULES = (
    "evaluate/data/conditions.py",
    "evaluate/data/crops.py",
    "evaluate/data/preprocessing.py",
    "evaluate/data/shards.py",
    "evaluate/run/device.py",
    "evaluate/run/engine.py",
    "evaluate/run/forward.py",
    "evaluate/run/network_loading.py",
    "evaluate/run/ranking.py",
    "evaluate/statistics/scores.py",
    "measure/tensors.py",
    "zoo/*.py",
)


def evaluate(
    dataset: Dataset,
    entrants: Sequence[Entrant],
    settings: EvaluationSettings,
    progress: Progress,
    executor: Executor | None = None,
) -> dict[Entrant, Outcome]:
    """Every entrant's scores on the dataset; what is kept is not evaluated again. Without an executor, here."""
    if not dataset.images:
        return dict.fromkeys(entrants, Failure("There are no images."))
    return _Evaluation(dataset, entrants, settings, progress).run(executor or LocalExecutor())


class _Evaluation:
    def __init__(
        self, dataset: Dataset, entrants: Sequence[Entrant], settings: EvaluationSettings, progress: Progress
    ) -> None:
        self.dataset = dataset
        self.settings = settings
        self.progress = progress
        self.shards = shards(dataset, settings.first)
        self.ledgers = {entrant: Ledger(self._description(entrant)) for entrant in entrants}
        self.kept: dict[Entrant, dict[Shard, Kept]] = {entrant: {} for entrant in entrants}
        self.failures: dict[Entrant, Failure] = {}
        self.begun: dict[Shard, dict[Entrant, Gathering]] = {}
        # Of how many images the first class is right, and how many were seen, here or before.
        self.right: dict[Entrant, tuple[int, int]] = dict.fromkeys(entrants, (0, 0))
        self.keeping = True

    def run(self, executor: Executor) -> dict[Entrant, Outcome]:
        if not self.settings.refresh:
            self._look_up()
        work = [shard for shard in self.shards if self._wanting(shard)]
        if work:
            self.progress.start(
                sum(len(shard.images) for shard in work),
                [entrant.label for entrant in self.ledgers if any(entrant in self._wanting(shard) for shard in work)],
                sum(len(shard.images) for shard in self.shards),
            )
            wanted = Work(self.dataset, work, self.settings, self._wanting, self.progress.note)
            try:
                for result in executor.evaluate(wanted):
                    self._take(result)
            except (ImageError, ExecutorError, RuntimeError) as error:
                # A RuntimeError is DataLoader's: a worker that was killed, or too little shared memory.
                told = str(error).partition("\n")[0].rstrip(".")
                for entrant in self.ledgers:
                    if any(entrant in self._wanting(shard) for shard in self.shards):
                        self.failures.setdefault(entrant, Failure(f"{told}. No image is skipped."))
            finally:
                self.progress.stop()
        return {entrant: self._outcome(entrant) for entrant in self.ledgers}

    def _description(self, entrant: Entrant) -> dict[str, Any]:
        return ({"code": entrant.code} if entrant.code else {}) | {
            "model": entrant.model,
            "weights": entrant.weights,
            "images": self.dataset.fingerprint,
            "conditions": entrant.conditions.as_json(),
            "precision": self.settings.precision,
            "device": self.settings.device.type,
            "versions": deciding_versions(self.settings.device.type) | {"harness": code_of_evaluating()},
        }

    def _look_up(self) -> None:
        for entrant, ledger in self.ledgers.items():
            try:
                found = {shard: ledger.load(shard) for shard in self.shards}
            except LedgerError as error:
                self.failures[entrant] = Failure(str(error))
            else:
                self.kept[entrant] = {shard: kept for shard, kept in found.items() if kept is not None}
                for one in self.kept[entrant].values():
                    self._tally(entrant, one.counts)

    def _wanting(self, shard: Shard) -> list[Entrant]:
        """The entrants that the shard is still to be evaluated for."""
        going = (entrant for entrant in self.ledgers if entrant not in self.failures and not self._sure_after(entrant))
        return [entrant for entrant in going if shard not in self.kept[entrant]]

    def _sure_after(self, entrant: Entrant) -> Counts | None:
        """The counts by which the entrant's rule is sure; None while it is not, and where it has none."""
        if entrant.rule is None:
            return None
        return entrant.rule.decided_after(self._looks(entrant), self.dataset.shape.images)

    def _looks(self, entrant: Entrant) -> tuple[Counts, ...]:
        """The entrant's counts after each shard, up to the first that is still to be evaluated."""
        kept = self.kept[entrant]
        return running(kept[shard].counts for shard in takewhile(kept.__contains__, self.shards))

    def _take(self, result: Result) -> None:
        """Count what came of some images, and keep the shard for every entrant that has seen all of it."""
        shard = result.shard
        begun = self.begun.setdefault(shard, {entrant: Gathering(shard) for entrant in self._wanting(shard)})
        before = self._images_done(shard)
        for entrant, outcome in result.outcomes.items():
            if isinstance(outcome, Failure):
                self.failures.setdefault(entrant, outcome)
            elif entrant not in self.failures:
                gathering = begun.setdefault(entrant, Gathering(shard))
                self._tally(entrant, count(gathering.take(result.part, outcome)))
        going = [entrant for entrant in begun if entrant not in self.failures]
        self.progress.advance(self._images_done(shard) - before, {one.label: self.right[one] for one in going})
        for entrant in going:
            whole = begun[entrant].whole()
            if whole and shard not in self.kept[entrant]:
                self._keep(entrant, shard, Kept(whole, count(whole), result.environment))

    def _images_done(self, shard: Shard) -> int:
        """How many of the shard's images all have seen that go on; those that only some have seen, by that part."""
        going = {*self._wanting(shard), *(entrant for entrant, kept in self.kept.items() if shard in kept)}
        seen = [one.seen for entrant, one in self.begun[shard].items() if entrant in going]
        return sum(seen) // len(seen) if seen else len(shard.images)

    def _tally(self, entrant: Entrant, counts: Counts) -> None:
        first, seen = self.right[entrant]
        self.right[entrant] = first + counts.top_1, seen + counts.images

    def _keep(self, entrant: Entrant, shard: Shard, kept: Kept) -> None:
        self.kept[entrant][shard] = kept
        try:
            self.ledgers[entrant].store(shard, kept)
        except OSError as error:
            if self.keeping:
                self.progress.note(f"What is evaluated cannot be kept, and is lost when this run ends: {error}")
            self.keeping = False
        sure = self._sure_after(entrant)
        if sure and sure == self._looks(entrant)[-1] and len(self.kept[entrant]) < len(self.shards):
            told = f"{sure.images} of {self.dataset.shape.images} images"
            self.progress.note(f"{entrant.label}: sure after {told}.")

    def _outcome(self, entrant: Entrant) -> Outcome:
        if entrant in self.failures:
            return self.failures[entrant]
        counted = self._counted(entrant)
        kept = [self.kept[entrant][shard] for shard in counted if shard in self.kept[entrant]]
        if len(kept) < len(counted):
            return Failure(f"Only {len(kept)} of {len(counted)} shards were evaluated.")
        predictions = tuple(prediction for part in kept for prediction in part.predictions)
        environments = tuple({str(part.environment): part.environment for part in kept}.values())
        looks = running(part.counts for part in kept)
        return Scores(predictions, count(predictions), self.dataset.shape.images, environments, looks)

    def _counted(self, entrant: Entrant) -> Sequence[Shard]:
        """The shards that make the outcome: all, or, where some are not evaluated, those by which the rule is sure."""
        sure = self._sure_after(entrant)
        if sure is None or all(shard in self.kept[entrant] for shard in self.shards):
            return self.shards
        return self.shards[: self._looks(entrant).index(sure) + 1]


@cache
def code_of_evaluating() -> str:
    """What of the harness an evaluation depends on: the code of evaluating and of building networks."""
    return code_digest(*_MODULES)
