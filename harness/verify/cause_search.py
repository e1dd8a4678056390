"""Why an accuracy was not reproduced: the model is evaluated again under common mistakes, one at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.checks.shared.conditions import published_for_result
from harness.checks.shared.reproduction import METRICS, AccuracyComparison, Match
from harness.checks.shared.subject import Evaluated, Evaluations
from harness.evaluate.causes import FINALISTS, SAMPLE_SIZE, Variation, estimate_under, label_causes, variations
from harness.evaluate.data.conditions import Geometry
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.statistics.scores import Scores
from harness.index.claim import Claim
from harness.verdict import Status
from harness.verify.evaluation_plan import EvaluationKey, EvaluationPlan, PlannedEvaluation
from harness.verify.evaluator import Evaluator
from harness.verify.judging import judge


@dataclass(frozen=True, slots=True)
class _NotReproduced:
    """A complete evaluation that proves accuracy claims false."""

    model: PlannedEvaluation
    evaluation: Evaluation
    claims: tuple[Claim, ...]

    @property
    def variations(self) -> tuple[Variation, ...]:
        """The conditions to try: common mistakes, and those of published evaluations of the same weights."""
        published = [
            Geometry(int(item["image_size"]), item["crop_pct"], item["interpolation"])
            for item in published_for_result(self.model.subject, self.model.result)
        ]
        return variations(self.model.conditions, published)


def search_causes(
    plan: EvaluationPlan, evaluations: Evaluations, claims: Iterable[Claim], evaluator: Evaluator
) -> dict[EvaluationKey, Evaluated]:
    """The evaluations that prove an accuracy claim false, with the causes that were tried.

    Each cause is tried on a random sample of the images; the closest are tried on all images if the sample is too
    small to decide.
    """
    accuracies = [claim for claim in claims if claim.kind in METRICS]
    found: dict[EvaluationKey, Evaluated] = {}
    for models in plan.by_folder.values():
        failed = [failure for model in models if (failure := _not_reproduced(model, evaluations, accuracies))]
        if failed:
            found |= {failure.model.key: failure.evaluation for failure in _with_causes(failed, evaluator)}
    return found


def _not_reproduced(
    model: PlannedEvaluation, evaluations: Evaluations, accuracies: Sequence[Claim]
) -> _NotReproduced | None:
    """The model's evaluation, if the accuracy check fails a claim because of it."""
    evaluation = evaluations[model.key]
    if not isinstance(evaluation, Evaluation) or not evaluation.complete:
        return None
    subject = replace(model.subject, evaluations=evaluations)
    of_model = [claim for claim in accuracies if (claim.page, claim.model) == model.key[:2]]
    of_result = [claim for claim in of_model if model.result.holds(claim.where)]
    false = tuple(claim for claim in of_result if judge(claim, subject).status is Status.FAIL)
    return _NotReproduced(model, evaluation, false) if false else None


def _with_causes(failed: Sequence[_NotReproduced], evaluator: Evaluator) -> list[_NotReproduced]:
    names = ", ".join(failure.model.subject.name for failure in failed)
    sample = min(SAMPLE_SIZE, len(failed[0].evaluation.images.images))
    evaluator.progress.note(f"Not reproduced: {names}. Searching for the cause on {sample} images.")
    tried = _tried([(failure, failure.variations) for failure in failed], evaluator, SAMPLE_SIZE)
    undecided = [(failure, _undecided(failure)) for failure in tried]
    number = sum(len(of_model) for _, of_model in undecided)
    if not number:
        return tried
    evaluator.progress.note(f"The sample is too small to decide; trying the {number} closest causes on all images.")
    return _tried(undecided, evaluator, None)


def _tried(
    pairs: Sequence[tuple[_NotReproduced, Sequence[Variation]]], evaluator: Evaluator, first: int | None
) -> list[_NotReproduced]:
    """Each model with the results of its variations on the `first` images, which replace earlier results."""
    images = pairs[0][0].evaluation.images
    tasks = [
        {
            variation: failure.model.task(variation.conditions, f"{variation.kind} {variation.value}")
            for variation in tried
        }
        for failure, tried in pairs
    ]
    outcomes = evaluator.scores(images, [task for of_model in tasks for task in of_model.values()], first)
    tried = []
    for (failure, _), of_model in zip(pairs, tasks, strict=True):
        evaluation = failure.evaluation
        base = evaluation.scores.predictions
        causes = {(cause.kind, cause.value): cause for cause in evaluation.causes}
        for variation, task in of_model.items():
            outcome = outcomes[task]
            if isinstance(outcome, Scores):
                causes[variation.kind, variation.value] = estimate_under(variation, base, outcome.predictions)
        causes |= {(cause.kind, cause.value): cause for cause in label_causes(base, images.spec.classes)}
        tried.append(replace(failure, evaluation=replace(evaluation, causes=tuple(causes.values()))))
    return tried


def _undecided(failure: _NotReproduced) -> list[Variation]:
    """For each claim that no cause certainly explains, the variations that may explain it, the closest first."""
    evaluation = failure.evaluation
    tolerance = failure.model.subject.resources.tolerances[evaluation.precision]
    known = {(variation.kind, variation.value): variation for variation in failure.variations}
    chosen: dict[Variation, None] = {}
    for claim in failure.claims:
        comparison = AccuracyComparison(METRICS[claim.kind], claim.quantity, evaluation, tolerance)
        if not comparison.causes(Match.YES):
            closest = comparison.causes(Match.UNKNOWN)[:FINALISTS]
            chosen |= dict.fromkeys(known[cause.kind, cause.value] for cause in closest)
    return list(chosen)
