"""When an accuracy counts as reproduced, and which of the usual suspects reproduces one that is not."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from harness.checks.shared.subject import Subject
from harness.evaluate.data.conditions import INTERPOLATIONS, Conditions, Geometry
from harness.evaluate.evaluation import CandidateCause, Evaluation
from harness.evaluate.statistics.stopping import StoppingRule
from harness.index.entries import Entry
from harness.index.quantity import Quantity
from harness.project.resources import Tolerance
from harness.verdict import NotHereError, Status

# The kinds of claim, and what evaluations call them.
METRICS = {"top_1_accuracy": "top_1", "top_5_accuracy": "top_5"}
MEANS = "percent of the images whose class is the first, or among the first five, of the scores"

_SMALLEST_CROP = Decimal("0.1")
_CONDITIONS = ("image_size", "crop_pct", "interpolation")


def judged_within(declared: Quantity, measured: Decimal, tolerance: Tolerance) -> Status:
    """`pass`, `explained` or `fail`, by how far apart declared and measured percentages are."""
    gap = abs(measured - declared.value)
    if gap <= tolerance.passing:
        return Status.PASS
    return Status.EXPLAINED if gap <= tolerance.explained else Status.FAIL


def stopping_rule(subject: Subject, result: Entry) -> StoppingRule | None:
    """When a result's accuracies, all that are declared, count as sure; None where all images are asked for."""
    options = subject.resources.evaluation
    quantities = {metric: result.quantity(kind) for kind, metric in METRICS.items()}
    declared = tuple((metric, quantity.value) for metric, quantity in quantities.items() if quantity)
    if options.early_stopping is None or not declared:
        return None
    tolerated = subject.resources.tolerances[options.precision].explained
    return StoppingRule(declared, options.early_stopping.alpha, options.early_stopping.margin, tolerated)


def reproduced(subject: Subject, result: Entry, found: Evaluation) -> bool:
    """Whether a result's accuracies, all that are declared, came out of an evaluation of the complete images."""
    if not found.complete:
        return False
    tolerance = subject.resources.tolerances[found.precision]
    judged = [
        judged_within(quantity, found.scores.counts.percent(metric), tolerance)
        for kind, metric in METRICS.items()
        if (quantity := result.quantity(kind))
    ]
    return bool(judged) and Status.FAIL not in judged


def declared_conditions(subject: Subject) -> Conditions:
    """The conditions that the page declares. Raises NotHereError where one is missing or means nothing here."""
    crop, interpolation = subject.record.quantity("crop_pct"), subject.record.text("interpolation")
    if crop is None or interpolation is None:
        undeclared = "Crop Pct" if crop is None else "Interpolation"
        raise NotHereError(f"the page declares no {undeclared}", f"add '{undeclared}:' to the model's metadata")
    if interpolation not in INTERPOLATIONS:
        raise NotHereError(f"no interpolation is called {interpolation}", f"declare one of {', '.join(INTERPOLATIONS)}")
    if crop.value < _SMALLEST_CROP:
        told = f"a crop of {crop.value} would enlarge every image more than {1 / _SMALLEST_CROP:.0f} times over"
        raise NotHereError(told, "declare the part of the resized image that is cropped, such as 0.875")
    return Conditions(Geometry(subject.image_size, crop.value, interpolation))


def made_of(found: Evaluation) -> dict[str, Any]:
    """On which images, with which weights and under which conditions an evaluation was made, for the evidence."""
    return {
        "images": str(found.images),
        "images, SHA-256": found.images.fingerprint,
        "weights, SHA-256": found.weights,
        "conditions": {name: str(value) for name, value in found.conditions.as_json().items()},
    }


def same_conditions(subject: Subject, evaluation: Mapping[str, Any]) -> bool:
    """Whether an evaluation was made under the conditions that the page declares."""
    declared = {kind: subject.record.quantity(kind) for kind in _CONDITIONS}
    return all(
        quantity.value == evaluation[kind] if quantity else subject.record.text(kind) == str(evaluation[kind])
        for kind, quantity in declared.items()
    )


def published_evaluations(subject: Subject, result: Entry) -> list[Mapping[str, Any]]:
    """Published evaluations of the same weights on the same dataset, if recipe and dataset are on file."""
    dataset = subject.references.find_dataset(result.text("dataset"))
    evaluations = subject.references.models.get(subject.name, {}).get("evaluations", ())
    try:
        recipe = subject.recipe
    except NotHereError:
        return []
    return [item for item in evaluations if item["recipe"] == recipe and item["dataset"] == dataset]


class Giving(StrEnum):
    """Whether a suspect gives a declared value."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "too few images to tell"


def giving(one: CandidateCause, declared: Quantity, metric: str, found: Evaluation, tolerance: Tolerance) -> Giving:
    """Whether a suspect gives the declared value; not to be told where it cannot be told from the measured one."""
    within = tolerance.explained + one.margins[metric]
    if abs(one.estimates[metric] - declared.value) > within:
        return Giving.NO
    gap = abs(found.scores.counts.percent(metric) - declared.value)
    return Giving.YES if gap > within else Giving.UNKNOWN


def reproducing_suspects(
    declared: Quantity, metric: str, found: Evaluation, tolerance: Tolerance
) -> list[CandidateCause]:
    """The suspects that give the declared value, the closest first."""
    reproducing = [one for one in found.causes if giving(one, declared, metric, found, tolerance) is Giving.YES]
    return sorted(reproducing, key=lambda one: abs(one.estimates[metric] - declared.value))


def suspect_rows(declared: Quantity, metric: str, found: Evaluation, tolerance: Tolerance) -> list[dict[str, str]]:
    """A table of all suspects, for the evidence."""
    return [
        {
            "changed": f"{one.kind} {one.value}",
            "accuracy": _estimate(one, metric),
            "images": str(one.images),
            "reproduces": giving(one, declared, metric, found, tolerance).value,
        }
        for one in found.causes
    ]


def reason_found(declared: Quantity, metric: str, found: Evaluation, tolerance: Tolerance) -> str:
    """A sentence on which suspects reproduce the declared value, or that none does."""
    reproducing = reproducing_suspects(declared, metric, found, tolerance)
    if reproducing:
        first, *others = reproducing
        also = f"; so would {', '.join(f'{one.kind} {one.value}' for one in others)}" if others else ""
        return f"With {first.kind} {first.value} it is {_estimate(first, metric)}, which is the declared value{also}."
    if any(giving(one, declared, metric, found, tolerance) is Giving.UNKNOWN for one in found.causes):
        return "Whether one of the usual suspects reproduces the declared value, the sample is too small to tell."
    return "None of the usual suspects reproduces the declared value."


def _estimate(one: CandidateCause, metric: str) -> str:
    margin = f" ± {one.margins[metric]}" if one.margins[metric] else ""
    return f"{one.estimates[metric]}%{margin}"
