"""Conditions: the declared accuracy is reproduced, or was published, under all declared conditions together."""

from harness.checks.shared.conditions import CONDITIONS, evaluations_table, has_declared_conditions
from harness.checks.shared.reproduction import METRICS, Match, comparisons, complete_evaluation, reproduces
from harness.checks.shared.subject import Need, Subject
from harness.evaluate.evaluation import CandidateCause, Evaluation
from harness.index.claim import Claim
from harness.index.entries import Entry
from harness.verdict import Details, NotHereError, Verdict, failed, passed, properties

KINDS = CONDITIONS
NEEDS = frozenset({Need.REFERENCE, Need.WEIGHTS, Need.IMAGES})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Judge by the evaluations on this machine, then by published ones."""
    evaluated = False
    for result in subject.entry.results:
        if evaluation := complete_evaluation(subject, result):
            evaluated = True
            if verdict := _from_evaluation(claim, subject, result, evaluation):
                return verdict
    try:
        return _from_published(claim, subject)
    except NotHereError:
        if not evaluated:
            raise
        missing = "the declared accuracy was measured under these conditions and not reproduced"
        raise NotHereError(missing, "see the verdict on the accuracy") from None


def _from_evaluation(claim: Claim, subject: Subject, result: Entry, evaluation: Evaluation) -> Verdict | None:
    """Pass if the accuracies are reproduced; fail if another value of this condition gives them; otherwise None."""
    accuracies = {metric: f"{evaluation.scores.counts.percent(metric)}%" for metric in METRICS.values()}
    details: Details = {
        "measured": claim.declared,
        "method": f"evaluated, {evaluation.precision}",
        "evidence": (properties("accuracy", "accuracy", accuracies),),
        "environment": evaluation.environment,
    }
    if reproduces(subject, result, evaluation):
        reason = "The declared accuracy is reproduced under the declared conditions."
        return passed(claim, reason=reason, **details)
    cause = _common_cause(subject, result, evaluation)
    if cause is None or cause.kind != claim.kind:
        return None
    details |= {"measured": cause.value, "correction": (cause.value,)}
    reason = f"The declared accuracy is reproduced with {cause.value}, not with the declared value."
    return failed(claim, reason=reason, remedy=f"declare {cause.value}", **details)


def _common_cause(subject: Subject, result: Entry, evaluation: Evaluation) -> CandidateCause | None:
    """The closest cause that gives one declared accuracy and contradicts none of the others."""
    compared = comparisons(subject, result, evaluation)
    causes = (cause for comparison in compared for cause in comparison.causes(Match.YES))
    return next((cause for cause in causes if all(item.match(cause) is not Match.NO for item in compared)), None)


def _from_published(claim: Claim, subject: Subject) -> Verdict:
    recipe = subject.recipe
    evaluations = [item for item in subject.reference.get("evaluations", ()) if item["recipe"] == recipe]
    if not any(has_declared_conditions(evaluation, subject) for evaluation in evaluations):
        missing = f"no evaluation of these weights ({recipe}) was published under all declared conditions"
        if evaluations:
            missing += f", only under {'; '.join(' '.join(str(item[kind]) for kind in KINDS) for item in evaluations)}"
        raise NotHereError(missing, "--weights DIR --imagenet DIR, to measure the accuracy")
    return passed(
        claim,
        reason="An evaluation of these weights was published under all declared conditions.",
        measured=claim.declared,
        method=f"published evaluations, {recipe}",
        evidence=(evaluations_table(evaluations),),
    )
