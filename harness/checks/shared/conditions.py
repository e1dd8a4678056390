"""The conditions that a page declares, and the evaluations that were published or recorded under them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from harness.checks.shared.library import accuracies_of_library, evaluations_of_weights
from harness.checks.shared.subject import Subject
from harness.evaluate.data.conditions import INTERPOLATIONS, Conditions, Geometry
from harness.index.entries import Entry
from harness.measure.checkpoint import sha256
from harness.project.records import Record
from harness.project.references import as_evidence
from harness.verdict import NotHereError, Table, table

CONDITIONS = ("image_size", "crop_pct", "interpolation")

# The dataset of timm's published evaluations.
_OF_TIMM = "ImageNet-1k"

_SMALLEST_CROP = Decimal("0.1")


def declared_conditions(subject: Subject) -> Conditions:
    """The conditions that the page declares. Raises NotHereError if one is missing or not supported."""
    for kind in CONDITIONS:
        subject.require_readable(kind)
    crop, interpolation = subject.entry.quantity("crop_pct"), subject.entry.text("interpolation")
    if crop is None or interpolation is None:
        undeclared = "Crop Pct" if crop is None else "Interpolation"
        raise NotHereError(f"the page declares no {undeclared}", f"add '{undeclared}:' to the model's metadata")
    if interpolation not in INTERPOLATIONS:
        raise NotHereError(f"unknown interpolation {interpolation}", f"declare one of {', '.join(INTERPOLATIONS)}")
    if crop.value < _SMALLEST_CROP:
        missing = f"a crop of {crop.value} would enlarge every image more than {1 / _SMALLEST_CROP:.0f} times"
        raise NotHereError(missing, "declare the part of the resized image that is cropped, such as 0.875")
    if subject.image_size is None:
        raise NotHereError("the page declares no image size", "add 'Image Size:' to the model's metadata")
    if subject.image_size.side is None:
        missing = f"images are evaluated as squares, and the page declares {subject.image_size}"
        raise NotHereError(missing, "evaluate them with the model's own code, and add a record")
    return Conditions(Geometry(subject.image_size.side, crop.value, interpolation))


def has_declared_conditions(evaluation: Mapping[str, Any], subject: Subject) -> bool:
    """Whether a published evaluation was made under the conditions that the page declares."""
    declared = {kind: subject.entry.quantity(kind) for kind in CONDITIONS}
    return all(
        quantity.value == evaluation[kind] if quantity else subject.entry.text(kind) == str(evaluation[kind])
        for kind, quantity in declared.items()
    )


def published_for_result(subject: Subject, result: Entry) -> list[Mapping[str, Any]]:
    """Published evaluations of the same weights on the same dataset: of the references, or timm's or torchvision's."""
    dataset = subject.references.find_dataset(result.text("dataset"))
    try:
        recipe = subject.recipe
    except NotHereError:
        recipe = None
    evaluations = subject.published_evaluations if recipe is not None else ()
    of_recipe = [item for item in evaluations if item["recipe"] == recipe and item["dataset"] == dataset]
    if of_recipe or dataset != _OF_TIMM:
        return of_recipe
    return list(map(asdict, evaluations_of_weights(subject) or accuracies_of_library(subject)))


def rerun_drift(evaluation: Mapping[str, Any], subject: Subject) -> Mapping[str, Any]:
    """How far evaluations under the same conditions differed at most, by metric, in percentage points.

    Weights converted from TensorFlow are also evaluated with its preprocessing, which is no declared condition. How far
    torchvision's accuracies are from re-runs with other decoders is unknown.
    """
    if str(evaluation.get("name", "")).startswith("torchvision "):
        return {}
    from_tensorflow = str(evaluation.get("name", "")).startswith("tf_")
    of_timm = "timm_results_tensorflow" if from_tensorflow else "timm_results"
    return subject.references.drift.get("accuracy" if "recipe" in evaluation else of_timm, {})


def evaluations_table(evaluations: Sequence[Mapping[str, Any]]) -> Table:
    """Published evaluations, for the evidence."""
    return table("published_evaluations", "published evaluations", list(map(as_evidence, evaluations)))


def records_of(subject: Subject, result: Entry) -> list[Record]:
    """The records of a model on a result's dataset, the best precision first: the requested one, then fp32."""
    dataset = subject.references.find_dataset(result.text("dataset"))
    preferred = (subject.resources.evaluation.precision, "fp32")
    records = subject.resources.records.get((subject.name, dataset or ""), ())
    return sorted(records, key=lambda item: (*preferred, item.precision).index(item.precision))


def valid_record(subject: Subject, result: Entry) -> Record | None:
    """The best record of exactly these weights, conditions and images; None if there is none."""
    return next((record for record in records_of(subject, result) if _is_valid(record, subject)), None)


def _is_valid(record: Record, subject: Subject) -> bool:
    """Whether the page still declares, and this machine still has, everything that the record depended on."""
    dataset = subject.references.datasets[record.dataset]
    if record.images != dataset["classes"] * dataset.get("images_per_class", 0):
        return False
    try:
        if record.conditions != declared_conditions(subject).as_json() or record.file != subject.weights.name:
            return False
    except NotHereError:
        return False
    path, digest = subject.local_weights.path, subject.weights.digest
    if path is not None:
        return sha256(path) == record.sha256
    return digest is not None and record.sha256.startswith(digest)
