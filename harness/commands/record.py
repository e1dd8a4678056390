"""Evaluations to records: what is complete is written down, of all else it is said why not."""

from dataclasses import dataclass

from harness.checks.shared.subject import Evaluations
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.statistics.scores import Failure
from harness.project.records import Record
from harness.verdict import NotHereError


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Why a result is not recorded; `failed` where its evaluation could not finish."""

    told: str
    failed: bool


def as_records(evaluations: Evaluations) -> tuple[list[Record], list[Unrecorded]]:
    """The complete evaluations as records, and of every other why it is none."""
    records, reasons = [], []
    for (_, model, dataset), found in evaluations.items():
        if isinstance(found, NotHereError):
            reasons.append(Unrecorded(f"{model}: {found}", failed=False))
        elif isinstance(found, Failure):
            reasons.append(Unrecorded(f"{model}: {found.reason}", failed=True))
        elif not found.complete:
            told = f"{model}: only {found.scores.counts.images} of {found.scores.total_images} images of {dataset}"
            reasons.append(Unrecorded(told, failed=False))
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
