"""Accuracies that were sure before the last image: within the margin that was asked for, or farther off."""

from decimal import Decimal

from harness.checks.shared.reproduction import MEANS, METRICS, made_of, stopping_rule
from harness.checks.shared.subject import Subject
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.statistics.stopping import Conclusion, Decision, StoppingRule
from harness.index.claim import Claim
from harness.verdict import Status, Verdict, typed


def decided_early(claim: Claim, subject: Subject, found: Evaluation) -> Verdict | None:
    """The verdict where the evaluation stopped because it was sure; None where it did not stop for that.

    It is never an exact reproduction: what is inside the margin is explained, as it holds under a condition of its own.
    """
    rule = stopping_rule(subject, subject.result_of(claim))
    if rule is None or found.images.missing:
        return None
    decision = rule.decision(METRICS[claim.kind], found.scores.interim_counts, found.scores.total_images)
    return _verdict(claim, found, rule, decision) if decision else None


def _verdict(claim: Claim, found: Evaluation, rule: StoppingRule, decision: Decision) -> Verdict:
    counts, low, high = decision.counts, decision.low, decision.high
    part = f"{counts.images} of {found.scores.total_images} images"
    sure = f"{_confidence(rule.alpha)} confidence, after {part}: on all of them it lies between {low}% and {high}%"
    if decision.conclusion is Conclusion.WITHIN_MARGIN:
        status, remedy = Status.EXPLAINED, "evaluate all images: leave --until-sure away"
        reason = f"Within ±{rule.margin} points of the declared value with {sure}. This is no exact reproduction."
    else:
        status, remedy = Status.FAIL, "evaluate all images, to look for the reason: leave --until-sure away"
        reason = f"Farther than ±{rule.excluded_beyond} points from the declared value with {sure}."
    evidence = {
        "accuracy": MEANS,
        "counted": f"{getattr(counts, METRICS[claim.kind])} of {counts.images} images right, in seeded random order",
        "interval": f"{low}% to {high}%, {_confidence(rule.alpha_each)} confidence at whatever image it stops",
        "alpha": f"{rule.alpha} for the model, {rule.alpha_each} for each declared accuracy",
        "margin": f"{rule.margin} points",
        **made_of(found),
    }
    method = f"until sure, {part}, {found.precision}, {found.conditions.geometry}"
    return Verdict(
        claim=claim,
        status=status,
        reason=reason,
        measured=f"{low}% to {high}%",
        method=method,
        remedy=remedy,
        evidence=typed(evidence),
        environment=found.environment,
    )


def _confidence(alpha: Decimal) -> str:
    return f"{(100 * (1 - alpha)).normalize():f}%"
