"""Conditions: the declared accuracy is reproduced under them, or was published under them, all together."""

from harness.checks.shared.reproduction import (
    METRICS,
    Giving,
    giving,
    reproduced,
    reproducing_suspects,
    same_conditions,
)
from harness.checks.shared.subject import Need, Subject
from harness.evaluate.evaluation import CandidateCause, Evaluation
from harness.index.claim import Claim
from harness.index.entries import Entry
from harness.project.references import as_evidence
from harness.verdict import NotHereError, Verdict, failed, passed, typed

KINDS = ("image_size", "crop_pct", "interpolation")
NEEDS = frozenset({Need.REFERENCE, Need.WEIGHTS, Need.IMAGES})
READS = ("recipe of the weights", "image_size", "crop_pct", "interpolation")


def check(claim: Claim, subject: Subject) -> Verdict:
    """Ask whether the declared accuracies are reproduced under the conditions; else look for a published evaluation."""
    evaluated = False
    for result in subject.record.results:
        try:
            found = subject.evaluation(result)
        except NotHereError:
            continue
        if isinstance(found, Evaluation) and found.complete:
            verdict = _by_evaluation(claim, subject, result, found)
            if verdict:
                return verdict
            evaluated = True
    try:
        return _by_published(claim, subject)
    except NotHereError:
        if not evaluated:
            raise
        told = "the declared accuracy was evaluated under these conditions and not reproduced"
        raise NotHereError(told, "see the verdict on the accuracy") from None


def _by_evaluation(claim: Claim, subject: Subject, result: Entry, found: Evaluation) -> Verdict | None:
    """Pass if the conditions give the declared accuracies, fail if another value of this one does; else None."""
    evidence = {"accuracy": {metric: f"{found.scores.counts.percent(metric)}%" for metric in METRICS.values()}}
    method = f"evaluated, {found.precision}"
    if reproduced(subject, result, found):
        reason = "The declared accuracy is reproduced under the declared conditions."
        return passed(
            claim,
            reason=reason,
            measured=claim.declared,
            method=method,
            evidence=typed(evidence),
            environment=found.environment,
        )
    first = _explaining(subject, result, found)
    if first and first.kind == claim.kind:
        reason = f"The declared accuracy comes with {first.value}, not with the declared value."
        remedy = f"declare {first.value}"
        return failed(
            claim,
            reason=reason,
            measured=first.value,
            method=method,
            remedy=remedy,
            evidence=typed(evidence),
            environment=found.environment,
            correction=(first.value,),
        )
    return None


def _explaining(subject: Subject, result: Entry, found: Evaluation) -> CandidateCause | None:
    """The suspect that gives all the accuracies that the result declares, the closest if there are several."""
    tolerance = subject.resources.tolerances[found.precision]
    declared = {metric: result.quantity(kind) for kind, metric in METRICS.items()}
    for metric, quantity in declared.items():
        for one in reproducing_suspects(quantity, metric, found, tolerance) if quantity else ():
            others = [giving(one, other, name, found, tolerance) for name, other in declared.items() if other]
            if Giving.NO not in others:
                return one
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
    evidence = {"published evaluations": [as_evidence(item) for item in evaluations]}
    reason = "These weights were evaluated elsewhere under all the declared conditions."
    return passed(
        claim,
        reason=reason,
        measured=claim.declared,
        method=f"published evaluations, {recipe}",
        evidence=typed(evidence),
    )
