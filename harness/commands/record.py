"""Records of complete evaluations, and the reasons why other results have none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.checks.shared.subject import Evaluations
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.run.progress import Progress
from harness.evaluate.statistics.scores import Failure
from harness.index.claim import Claim
from harness.index.entries import Index
from harness.project.project import Project
from harness.project.records import Record
from harness.project.resources import Resources
from harness.system.stdout import stdout_to_stderr
from harness.verdict import NotHereError
from harness.verify.run import evaluate_claims


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """Why a result has no record. `failed` is true if its evaluation could not finish."""

    reason: str
    failed: bool


def measure_records(
    project: Project, declared: Mapping[Index, Sequence[Claim]], resources: Resources, progress: Progress
) -> tuple[list[Record], list[NotRecorded]]:
    """Evaluate the models with these claims."""
    with stdout_to_stderr():
        return _as_records(
            evaluate_claims(tuple(declared), declared, project.references, resources, progress, search=False)
        )


def _as_records(evaluations: Evaluations) -> tuple[list[Record], list[NotRecorded]]:
    records, reasons = [], []
    for (_, model, dataset), evaluation in evaluations.items():
        if isinstance(evaluation, NotHereError):
            reasons.append(NotRecorded(f"{model}: {evaluation}", failed=False))
        elif isinstance(evaluation, Failure):
            reasons.append(NotRecorded(f"{model}: {evaluation.reason}", failed=True))
        elif not evaluation.complete:
            part = f"only {evaluation.scores.counts.images} of {evaluation.scores.total_images} images of {dataset}"
            reasons.append(NotRecorded(f"{model}: {part}", failed=False))
        else:
            records.append(_as_record(model, evaluation))
    return records, reasons


def _as_record(model: str, evaluation: Evaluation) -> Record:
    counts = evaluation.scores.counts
    return Record(
        model,
        evaluation.file,
        evaluation.weights,
        evaluation.dataset,
        evaluation.images.fingerprint,
        evaluation.conditions.as_json(),
        evaluation.precision,
        counts.images,
        counts.top_1,
        counts.top_5,
        {name: value for name, value in evaluation.environment.items() if name != "date"},
        max(str(environment["date"]) for environment in evaluation.scores.environments),
    )
