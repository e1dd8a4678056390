"""Which models are to be evaluated on which images, and one pass over the images of each dataset for all of them."""

import gc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.reproduction import METRICS, judged_within, published_evaluations
from harness.checks.subject import Evaluated, Evaluations, Subject
from harness.evaluate.conditions import INTERPOLATIONS, Conditions, Geometry
from harness.evaluate.dataset import Dataset, Shape, open_dataset
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.progress import Progress
from harness.evaluate.scores import Failure, Scores
from harness.index.quantity import parse_quantity
from harness.index.records import Record as PageRecord
from harness.measure.checkpoint import contents, sha256
from harness.record import Record
from harness.resources import EvaluationOptions
from harness.verdict import NotHereError, Status

if TYPE_CHECKING:
    from torch import nn

    from harness.evaluate.engine import Entrant, Settings


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A model that can be evaluated here: its weights file, and the conditions and results it is judged under."""

    subject: Subject
    result: PageRecord
    dataset: str
    checkpoint: Path
    conditions: Conditions

    @property
    def key(self) -> tuple[str, str, str]:
        return self.subject.index.page.name, self.subject.name, self.dataset

    def entrant(self, conditions: Conditions, label: str) -> "Entrant":
        from harness.evaluate.engine import Entrant

        return Entrant(self.subject.name, sha256(self.checkpoint), conditions, self._load, label)

    def _load(self) -> "nn.Module":
        from harness.evaluate.network import with_tensors
        from harness.measure.tensors import read_tensors

        return with_tensors(self.subject.network, read_tensors(self.checkpoint))


def evaluate_subjects(
    subjects: Iterable[Subject], options: EvaluationOptions, progress: Progress
) -> dict[tuple[str, str, str], Evaluated]:
    """Evaluate every result that the pages declare of the subjects, as far as weights and images are here.

    Raises DatasetError or DeviceError where a folder of images, or the device, cannot be used.
    """
    found: dict[tuple[str, str, str], Evaluated] = {}
    wanted: dict[Path, list[_Wanted]] = {}
    for subject in subjects:
        for result in subject.record.results:
            dataset = subject.references.dataset_called(result.text("dataset"))
            try:
                one = _wanted(subject, result, dataset)
            except NotHereError as missing:
                found[subject.index.page.name, subject.name, dataset or ""] = missing
            else:
                wanted.setdefault(subject.resources.images[one.dataset], []).append(one)
    for folder, models in wanted.items():
        found |= _evaluate(folder, models, options, progress)
    return found


def _wanted(subject: Subject, result: PageRecord, dataset: str | None) -> _Wanted:
    """What is to be evaluated. Raises NotHereError with everything that is missing."""
    if dataset is None:
        missing = f"nothing is on file of a dataset called {result.text('dataset')}"
        raise NotHereError(missing, "add it, with its source, to modelindex/references/")
    lacking: list[NotHereError] = []
    if dataset not in subject.resources.images:
        supply = "--imagenet DIR" if dataset == "ImageNet-1k" else "name its folder under [datasets] in verify.toml"
        lacking.append(NotHereError(f"the images of {dataset} are not on this machine", supply))
    try:
        checkpoint = subject.usable_checkpoint
    except NotHereError as error:
        lacking.append(error)
    if lacking:
        told = "; ".join(one.missing for one in lacking)
        raise NotHereError(told, "; ".join(one.supply for one in lacking))
    faults = contents(checkpoint, subject.network).faults
    if faults:
        told = f"the weights file cannot be loaded: {faults[0]}"
        raise NotHereError(told, "see the verdict on weights")
    return _Wanted(subject, result, dataset, checkpoint, _conditions(subject))


def _conditions(subject: Subject) -> Conditions:
    """The declared conditions. Raises NotHereError where one is missing or means nothing here."""
    crop, interpolation = parse_quantity(subject.record.text("crop_pct") or ""), subject.record.text("interpolation")
    if crop is None or interpolation is None:
        undeclared = "Crop Pct" if crop is None else "Interpolation"
        raise NotHereError(f"the page declares no {undeclared}", f"add '{undeclared}:' to the model's metadata")
    if interpolation not in INTERPOLATIONS:
        raise NotHereError(f"no interpolation is called {interpolation}", f"declare one of {', '.join(INTERPOLATIONS)}")
    return Conditions(Geometry(subject.image_size, crop.value, interpolation))


def _evaluate(
    folder: Path, models: Sequence[_Wanted], options: EvaluationOptions, progress: Progress
) -> dict[tuple[str, str, str], Evaluated]:
    from harness.evaluate.engine import evaluate

    # It may take hours; that nothing is collected (harness/process.py) is for runs of seconds.
    gc.enable()
    images = _images(folder, models[0], progress)
    settings = _settings(options)
    entrants = {one.key: one.entrant(one.conditions, one.subject.name) for one in models}
    outcomes = evaluate(images, tuple(entrants.values()), settings, progress)
    found: dict[tuple[str, str, str], Evaluated] = {}
    failed = []
    for one in models:
        outcome = outcomes[entrants[one.key]]
        if isinstance(outcome, Scores):
            sha = sha256(one.checkpoint)
            evaluation = Evaluation(
                one.dataset, images, one.checkpoint.name, sha, one.conditions, options.precision, outcome
            )
            found[one.key] = evaluation
            if _fails(one, evaluation):
                failed.append(one)
        else:
            found[one.key] = outcome
    return found | _with_suspects(failed, found, images, settings, progress)


def _images(folder: Path, one: _Wanted, progress: Progress) -> Dataset:
    known = one.subject.references.datasets[one.dataset]
    shape = Shape(known["classes"], known["images_per_class"], tuple(known.get("ids", ())))
    images = open_dataset(folder, shape)
    progress.note(f"{one.dataset}: {images}, {folder}")
    if images.lacking:
        progress.note(f"{one.dataset} is not complete: {images.lacking}.")
    return images


def _settings(options: EvaluationOptions) -> "Settings":
    from harness.evaluate.device import find_device
    from harness.evaluate.engine import Settings

    device = find_device(options.device, options.precision)
    return Settings(device, options.precision, options.subset, options.refresh, options.crop_cache)


def _fails(one: _Wanted, evaluation: Evaluation) -> bool:
    """Whether a declared accuracy is not reproduced, so that the reason is worth looking for."""
    if evaluation.scores.counts.images < evaluation.scores.of:
        return False
    tolerance = one.subject.resources.tolerances[evaluation.precision]
    declared = {metric: parse_quantity(one.result.text(kind) or "") for kind, metric in METRICS.items()}
    return any(
        quantity and judged_within(quantity, evaluation.scores.counts.percent(metric), tolerance) is Status.FAIL
        for metric, quantity in declared.items()
    )


def _with_suspects(
    failed: Sequence[_Wanted],
    found: Evaluations,
    images: Dataset,
    settings: "Settings",
    progress: Progress,
) -> dict[tuple[str, str, str], Evaluation]:
    """The evaluations of the failed models, with what the usual suspects give on a seeded sample."""
    if not failed:
        return {}
    from harness.evaluate.engine import evaluate
    from harness.evaluate.suspects import SAMPLE, Cell, cells, of_conditions, of_labels

    named = ", ".join(one.subject.name for one in failed)
    progress.note(f"Looking for the reason on {min(SAMPLE, len(images.images))} images: {named}")
    tried: dict[tuple[tuple[str, str, str], Cell], Entrant] = {}
    for one in failed:
        for cell in cells(one.conditions, _published_geometries(one)):
            label = f"{one.subject.name} {cell.kind} {cell.value}"
            tried[one.key, cell] = one.entrant(cell.conditions, label)
    outcomes = evaluate(images, tuple(tried.values()), replace(settings, first=SAMPLE), progress)
    looked_into = {}
    for one in failed:
        evaluation = found[one.key]
        if isinstance(evaluation, Evaluation):
            base = evaluation.scores.predictions
            of_cells = [
                of_conditions(cell, base, outcome.predictions)
                for (key, cell), entrant in tried.items()
                if key == one.key and isinstance(outcome := outcomes[entrant], Scores)
            ]
            suspects = (*of_cells, *of_labels(base, images.shape.classes))
            looked_into[one.key] = replace(evaluation, suspects=suspects)
    return looked_into


def _published_geometries(one: _Wanted) -> list[Geometry]:
    return [
        Geometry(int(item["image_size"]), item["crop_pct"], item["interpolation"])
        for item in published_evaluations(one.subject, one.result)
    ]


def as_records(evaluations: Evaluations) -> tuple[list[Record], list[str]]:
    """The complete evaluations as records, and of every other why it is none."""
    records, reasons = [], []
    for (_, model, dataset), found in evaluations.items():
        if isinstance(found, NotHereError):
            reasons.append(f"{model}: {found}")
        elif isinstance(found, Failure):
            reasons.append(f"{model}: {found.reason}")
        elif found.images.lacking or found.scores.counts.images < found.scores.of:
            reasons.append(f"{model}: only {found.scores.counts.images} of {found.scores.of} images of {dataset}")
        else:
            records.append(_record(model, found))
    return records, reasons


def _record(model: str, found: Evaluation) -> Record:
    environment = found.environment
    date = max(str(one["date"]) for one in found.scores.environments)
    return Record(
        model,
        found.file,
        found.weights,
        found.dataset,
        found.images.fingerprint,
        found.conditions.as_json(),
        found.precision,
        found.scores.counts.images,
        found.scores.counts.top_1,
        found.scores.counts.top_5,
        {name: value for name, value in environment.items() if name != "date"},
        date,
    )
