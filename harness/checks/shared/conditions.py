"""The conditions that a page declares, and the evaluations published under them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from harness.checks.shared.subject import Subject
from harness.evaluate.data.conditions import INTERPOLATIONS, Conditions, Geometry
from harness.index.entries import Entry
from harness.project.references import as_evidence
from harness.verdict import NotHereError, Table, table

CONDITIONS = ("image_size", "crop_pct", "interpolation")

_SMALLEST_CROP = Decimal("0.1")


def declared_conditions(subject: Subject) -> Conditions:
    """The conditions that the page declares. Raises NotHereError if one is missing or not supported."""
    crop, interpolation = subject.entry.quantity("crop_pct"), subject.entry.text("interpolation")
    if crop is None or interpolation is None:
        undeclared = "Crop Pct" if crop is None else "Interpolation"
        raise NotHereError(f"the page declares no {undeclared}", f"add '{undeclared}:' to the model's metadata")
    if interpolation not in INTERPOLATIONS:
        raise NotHereError(f"unknown interpolation {interpolation}", f"declare one of {', '.join(INTERPOLATIONS)}")
    if crop.value < _SMALLEST_CROP:
        missing = f"a crop of {crop.value} would enlarge every image more than {1 / _SMALLEST_CROP:.0f} times"
        raise NotHereError(missing, "declare the part of the resized image that is cropped, such as 0.875")
    return Conditions(Geometry(subject.image_size, crop.value, interpolation))


def has_declared_conditions(evaluation: Mapping[str, Any], subject: Subject) -> bool:
    """Whether a published evaluation was made under the conditions that the page declares."""
    declared = {kind: subject.entry.quantity(kind) for kind in CONDITIONS}
    return all(
        quantity.value == evaluation[kind] if quantity else subject.entry.text(kind) == str(evaluation[kind])
        for kind, quantity in declared.items()
    )


def published_evaluations(subject: Subject, result: Entry) -> list[Mapping[str, Any]]:
    """Published evaluations of the same weights on the same dataset; none if recipe or dataset is unknown."""
    dataset = subject.references.find_dataset(result.text("dataset"))
    try:
        recipe = subject.recipe
    except NotHereError:
        return []
    evaluations = subject.published_evaluations
    return [item for item in evaluations if item["recipe"] == recipe and item["dataset"] == dataset]


def evaluations_table(evaluations: Sequence[Mapping[str, Any]]) -> Table:
    """Published evaluations, for the evidence."""
    return table("published_evaluations", "published evaluations", list(map(as_evidence, evaluations)))
