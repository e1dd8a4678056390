"""Which models are to be evaluated on which images, and one pass over the images of each dataset for all of them."""

import gc
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.shared.conditions import declared_conditions, published_evaluations
from harness.checks.shared.early_decision import stopping_rule
from harness.checks.shared.reproduction import AccuracyComparison, Match, comparisons
from harness.checks.shared.subject import Evaluated, Evaluations, Subject
from harness.errors import UserError
from harness.evaluate.causes import FINALISTS, SAMPLE_SIZE, Variation, estimate_under, label_causes, variations
from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.data.dataset import Dataset, DatasetSpec, open_dataset
from harness.evaluate.data.ground_truth import DatasetError
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.run.progress import Progress
from harness.evaluate.statistics.scores import Failure, Scores
from harness.evaluate.statistics.stopping import StoppingRule
from harness.index.entries import Entry
from harness.measure.checkpoint import inspect_checkpoint, sha256
from harness.project.resources import EvaluationOptions
from harness.verdict import NotHereError, Status
from harness.zoo import BuilderError

if TYPE_CHECKING:
    from harness.evaluate.run.executor import EvaluationSettings, EvaluationTask, Executor


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A model that can be evaluated here: its weights file, and the conditions and results it is judged under."""

    subject: Subject
    result: Entry
    dataset: str
    checkpoint: Path
    conditions: Conditions

    @property
    def key(self) -> tuple[str, str, str]:
        return self.subject.index.page.name, self.subject.name, self.dataset

    def task(self, conditions: Conditions, label: str, rule: StoppingRule | None = None) -> "EvaluationTask":
        from harness.evaluate.run.executor import EvaluationTask
        from harness.evaluate.run.network_loading import FileLoader

        digest = sha256(self.checkpoint)
        load = FileLoader(self.subject.network, self.checkpoint, digest)
        size = self.checkpoint.stat().st_size
        return EvaluationTask(self.subject.name, digest, conditions, load, label, rule, size)

    def rule(self, images: Dataset) -> StoppingRule | None:
        """When the model has been evaluated enough; only the complete images in random order can say so."""
        return None if images.missing else stopping_rule(self.subject, self.result)


def evaluate_subjects(
    subjects: Iterable[Subject], options: EvaluationOptions, progress: Progress, *, search: bool
) -> dict[tuple[str, str, str], Evaluated]:
    """Evaluate every result that the pages declare of the subjects, as far as weights and images are here.

    Where a declared accuracy is not reproduced, `search` for the reason. Raises DeviceError where the device cannot
    be used; images that cannot be are a Failure of the models that want them.
    """
    found: dict[tuple[str, str, str], Evaluated] = {}
    wanted: dict[Path, list[_Wanted]] = {}
    for subject in subjects:
        for result in subject.entry.results:
            dataset = subject.references.find_dataset(result.text("dataset"))
            try:
                one = _wanted(subject, result, dataset)
            except NotHereError as missing:
                found[subject.evaluation_key(result)] = missing
            except BuilderError as error:
                found[subject.evaluation_key(result)] = Failure(f"{error}.")
            else:
                wanted.setdefault(subject.resources.images[one.dataset], []).append(one)
    if wanted:
        with _executor(options) as executor:
            for folder, models in wanted.items():
                found |= _evaluate(folder, models, options, progress, executor, search=search)
    return found


def _executor(options: EvaluationOptions) -> "AbstractContextManager[Executor]":
    if options.executor == "ray":
        try:
            from harness.evaluate.run.ray_executor import ray_executor
        except ModuleNotFoundError as error:
            told = f"--executor ray: {error.name} is not installed; pip install 'model-card-harness[ray]'"
            raise UserError(told) from None
        return ray_executor(options.address)
    from harness.evaluate.run.local_executor import LocalExecutor

    return nullcontext(LocalExecutor(options.workers))


def _wanted(subject: Subject, result: Entry, dataset: str | None) -> _Wanted:
    """What is to be evaluated. Raises NotHereError with everything that is missing."""
    if dataset is None:
        missing = f"nothing is on file of a dataset called {result.text('dataset')}"
        raise NotHereError(missing, "add it, with its source, to modelindex/references/")
    if not {"classes", "images_per_class"} <= subject.references.datasets[dataset].keys():
        missing = f"how many classes {dataset} has, and how many images of each, is not on file"
        raise NotHereError(missing, "add 'classes' and 'images_per_class' to modelindex/references/")
    lacking: list[NotHereError] = []
    if dataset not in subject.resources.images:
        supply = "--imagenet DIR" if dataset == "ImageNet-1k" else "name its folder under [datasets] in verify.toml"
        lacking.append(NotHereError(f"the images of {dataset} are not on this machine", supply))
    try:
        checkpoint = subject.local_weights.usable
    except NotHereError as error:
        lacking.append(error)
    if lacking:
        told = "; ".join(one.missing for one in lacking)
        raise NotHereError(told, "; ".join(one.supply for one in lacking))
    faults = inspect_checkpoint(checkpoint, subject.network).problems
    if faults:
        told = f"the weights file cannot be loaded: {faults[0].rstrip('.')}"
        raise NotHereError(told, "see the verdict on weights")
    return _Wanted(subject, result, dataset, checkpoint, declared_conditions(subject))


def _evaluate(  # noqa: PLR0913 - each is another thing
    folder: Path,
    models: Sequence[_Wanted],
    options: EvaluationOptions,
    progress: Progress,
    executor: "Executor",
    *,
    search: bool,
) -> dict[tuple[str, str, str], Evaluated]:
    from harness.evaluate.run.engine import evaluate

    # It may take hours; that nothing is collected (harness/process.py) is for runs of seconds.
    gc.enable()
    settings = _settings(options, executor)
    try:
        images = _images(folder, models[0], progress)
    except DatasetError as error:
        return dict.fromkeys((one.key for one in models), Failure(f"{error}."))
    except OSError as error:
        return dict.fromkeys((one.key for one in models), Failure(f"{error.filename}: {error.strerror}."))
    tasks = {one.key: one.task(one.conditions, one.subject.name, one.rule(images)) for one in models}
    outcomes = evaluate(images, tuple(tasks.values()), settings, progress, executor)
    found: dict[tuple[str, str, str], Evaluated] = {}
    failed = []
    for one in models:
        outcome = outcomes[tasks[one.key]]
        if isinstance(outcome, Scores):
            sha = sha256(one.checkpoint)
            evaluation = Evaluation(
                one.dataset, images, one.checkpoint.name, sha, one.conditions, options.precision, outcome
            )
            found[one.key] = evaluation
            if search and _failing(one, evaluation):
                failed.append(one)
        else:
            found[one.key] = outcome
    return found | _Search(failed, found, images, settings, progress, executor).run() if failed else found


def _images(folder: Path, one: _Wanted, progress: Progress) -> Dataset:
    known = one.subject.references.datasets[one.dataset]
    spec = DatasetSpec(known["classes"], known["images_per_class"], tuple(known.get("ids", ())))
    images = open_dataset(folder, spec)
    progress.note(f"{one.dataset}: {images}, {folder}")
    if images.missing:
        progress.note(f"{one.dataset} is not complete: {images.missing}.")
    return images


def _settings(options: EvaluationOptions, executor: "Executor") -> "EvaluationSettings":
    from harness.evaluate.run.executor import EvaluationSettings

    device = executor.find_device(options.device, options.precision)
    return EvaluationSettings(device, options.precision, options.subset, options.refresh, options.crop_cache)


def _failing(one: _Wanted, evaluation: Evaluation) -> list[AccuracyComparison]:
    """The declared accuracies that a complete evaluation does not reproduce."""
    compared = comparisons(one.subject, one.result, evaluation) if evaluation.complete else []
    return [comparison for comparison in compared if comparison.status is Status.FAIL]


@dataclass(frozen=True, slots=True)
class _Search:
    """Looks among the usual suspects for what gives the declared accuracies that were not reproduced."""

    failed: Sequence[_Wanted]
    found: Evaluations
    images: Dataset
    settings: "EvaluationSettings"
    progress: Progress
    executor: "Executor"

    def run(self) -> dict[tuple[str, str, str], Evaluated]:
        """The evaluations of the failed models, with what the suspects give."""
        named = ", ".join(one.subject.name for one in self.failed)
        sample = min(SAMPLE_SIZE, len(self.images.images))
        self.progress.note(f"Not reproduced: {named}. Looking for the reason on {sample} images.")
        every = [(one, variation) for one in self.failed for variation in _variations(one)]
        looked_into = self._tried(every, self.found, SAMPLE_SIZE)
        undecided = [pair for one in self.failed for pair in self._undecided(one, looked_into[one.key])]
        if not undecided:
            return looked_into
        self.progress.note(f"The sample cannot tell; trying the {len(undecided)} closest on all images.")
        return self._tried(undecided, looked_into, None)

    def _tried(
        self, pairs: Sequence[tuple[_Wanted, Variation]], before: Evaluations, first: int | None
    ) -> dict[tuple[str, str, str], Evaluated]:
        """Evaluations with what each variation gives on the `first` images, in the place of what it gave on fewer."""
        from harness.evaluate.run.engine import evaluate

        tasks = {
            (one.key, tried): one.task(tried.conditions, f"{one.subject.name} {tried.kind} {tried.value}")
            for one, tried in pairs
        }
        settings = replace(self.settings, first=first)
        outcomes = evaluate(self.images, tuple(tasks.values()), settings, self.progress, self.executor)
        looked_into: dict[tuple[str, str, str], Evaluated] = {}
        for one in self.failed:
            evaluation = before[one.key]
            if not isinstance(evaluation, Evaluation):
                continue
            base = evaluation.scores.predictions
            suspects = {(suspect.kind, suspect.value): suspect for suspect in evaluation.causes}
            for (key, variation), task in tasks.items():
                outcome = outcomes[task]
                if key == one.key and isinstance(outcome, Scores):
                    suspects[variation.kind, variation.value] = estimate_under(variation, base, outcome.predictions)
            for suspect in label_causes(base, self.images.spec.classes):
                suspects[suspect.kind, suspect.value] = suspect
            looked_into[one.key] = replace(evaluation, causes=tuple(suspects.values()))
        return looked_into

    def _undecided(self, one: _Wanted, evaluation: Evaluated) -> list[tuple[_Wanted, Variation]]:
        """The closest of the cells that might give a declared value, where none certainly does."""
        if not isinstance(evaluation, Evaluation):
            return []
        known = {(variation.kind, variation.value): variation for variation in _variations(one)}
        chosen: dict[Variation, None] = {}
        for comparison in _failing(one, evaluation):
            if not comparison.causes(Match.YES):
                closest = comparison.causes(Match.UNKNOWN)[:FINALISTS]
                chosen |= dict.fromkeys(known[cause.kind, cause.value] for cause in closest)
        return [(one, variation) for variation in chosen]


def _variations(one: _Wanted) -> tuple[Variation, ...]:
    published = published_evaluations(one.subject, one.result)
    geometries = [Geometry(int(item["image_size"]), item["crop_pct"], item["interpolation"]) for item in published]
    return variations(one.conditions, geometries)
