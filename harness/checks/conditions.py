"""Conditions: the declared accuracy is reproduced under them, or was published under them, all together."""

from harness.checks.reproduction import METRICS, reproduced, reproducing_suspects, same_conditions
from harness.checks.subject import Need, Subject
from harness.evaluate.evaluation import Evaluation
from harness.index.claim import Claim
from harness.index.quantity import parse_quantity
from harness.index.records import Record
from harness.references import shown
from harness.verdict import NotHereError, Status, Verdict

KINDS = ("image_size", "crop_pct", "interpolation")
NEEDS = frozenset({Need.REFERENCE, Need.WEIGHTS, Need.IMAGES})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Ask whether the declared accuracies are reproduced under the conditions; else look for a published evaluation."""
    for result in subject.record.results:
        dataset = subject.references.dataset_called(result.text("dataset"))
        try:
            found = subject.evaluation(dataset)
        except NotHereError:
            continue
        verdict = _by_evaluation(claim, subject, result, found) if isinstance(found, Evaluation) else None
        if verdict:
            return verdict
    return _by_published(claim, subject)


def _by_evaluation(claim: Claim, subject: Subject, result: Record, found: Evaluation) -> Verdict | None:
    """Pass if the conditions give the declared accuracies, fail if another value of this one does; else None."""
    evidence = {"accuracy": {metric: f"{found.scores.counts.percent(metric)}%" for metric in METRICS.values()}}
    method = f"evaluated, {found.precision}"
    if reproduced(subject, result, found):
        reason = "The declared accuracy is reproduced under the declared conditions."
        return Verdict(claim, Status.PASS, reason, claim.declared, None, method, None, evidence, found.environment)
    tolerance = subject.resources.tolerances[found.precision]
    for kind, metric in METRICS.items():
        declared = parse_quantity(result.text(kind) or "")
        first = next(iter(reproducing_suspects(declared, metric, found, tolerance)), None) if declared else None
        if first and first.kind == claim.kind:
            reason = f"The declared accuracy comes with {first.value}, not with the declared value."
            remedy = f"declare {first.value}"
            environment = found.environment
            return Verdict(claim, Status.FAIL, reason, first.value, None, method, remedy, evidence, environment)
    return None


def _by_published(claim: Claim, subject: Subject) -> Verdict:
    recipe = subject.recipe
    evaluations = [item for item in subject.reference.get("evaluations", ()) if item["recipe"] == recipe]
    if not any(same_conditions(subject, evaluation) for evaluation in evaluations):
        known = "; ".join(" ".join(str(item[kind]) for kind in KINDS) for item in evaluations) or "none"
        missing = (
            "no evaluation of these weights is published under all declared conditions, so only measuring the "
            f"accuracy tells; published ({recipe}): {known}"
        )
        raise NotHereError(missing, "--weights DIR --imagenet DIR, to measure the accuracy")
    evidence = {"published evaluations": [shown(item) for item in evaluations]}
    reason = "These weights were evaluated elsewhere under all the declared conditions."
    return Verdict(claim, Status.PASS, reason, claim.declared, None, f"published evaluations, {recipe}", None, evidence)
