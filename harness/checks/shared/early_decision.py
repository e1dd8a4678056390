"""Accuracies that an evaluation decides before the last image, with `--until-sure`."""

from decimal import Decimal

from harness.checks.shared.lookup import result_of
from harness.checks.shared.reproduction import ACCURACY, METRICS, declared_accuracies, evaluation_evidence
from harness.checks.shared.subject import Subject
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.statistics.stopping import Conclusion, StoppingRule
from harness.index.claim import Claim
from harness.index.entries import Entry
from harness.verdict import Details, Verdict, explained, fact, failed


def stopping_rule(subject: Subject, result: Entry) -> StoppingRule | None:
    """When the evaluation of a result may stop early; None without `--until-sure`."""
    options = subject.resources.evaluation
    declared = tuple((metric, quantity.value) for metric, quantity in declared_accuracies(result).items())
    if options.early_stopping is None or not declared:
        return None
    tolerated = subject.resources.tolerances[options.precision].explained
    return StoppingRule(declared, options.early_stopping.alpha, options.early_stopping.margin, tolerated)


def early_verdict(claim: Claim, subject: Subject, evaluation: Evaluation) -> Verdict | None:
    """The verdict of an evaluation that stopped early; None if it did not stop because it was sure.

    It never passes: an accuracy within the margin is explained, because the margin is not the declared precision.
    """
    rule = stopping_rule(subject, result_of(claim, subject))
    if rule is None or evaluation.images.missing:
        return None
    metric = METRICS[claim.kind]
    decision = rule.decision(metric, evaluation.scores.interim_counts, evaluation.scores.total_images)
    if decision is None:
        return None
    counts, low, high = decision.counts, decision.low, decision.high
    part, interval = f"{counts.images} of {evaluation.scores.total_images} images", f"{low}% to {high}%"
    correct = f"{getattr(counts, metric)} of {counts.images} images, in seeded random order"
    details: Details = {
        "measured": interval,
        "method": f"until sure, {part}, {evaluation.precision}, {evaluation.conditions.geometry}",
        "evidence": (
            ACCURACY,
            fact("correct", "correct", correct),
            fact("interval", "interval", f"{interval}, {_confidence(rule.alpha_each)} confidence at every sample size"),
            fact("alpha", "alpha", f"{rule.alpha} for the model, {rule.alpha_each} for each declared accuracy"),
            fact("margin", "margin", f"{rule.margin} points"),
            *evaluation_evidence(evaluation),
        ),
        "environment": evaluation.environment,
    }
    confidence = _confidence(rule.alpha)
    certainty = f"{confidence} confidence, after {part}: on all of them it lies between {low}% and {high}%"
    if decision.conclusion is Conclusion.WITHIN_MARGIN:
        reason = (
            f"Within ±{rule.margin} points of the declared value with {certainty}. This is not an exact reproduction."
        )
        return explained(claim, reason=reason, remedy="evaluate all images: run without --until-sure", **details)
    reason = f"Farther than ±{rule.excluded_beyond} points from the declared value with {certainty}."
    remedy = "evaluate all images to search for the cause: run without --until-sure"
    return failed(claim, reason=reason, remedy=remedy, **details)


def _confidence(alpha: Decimal) -> str:
    return f"{(100 * (1 - alpha)).normalize():f}%"
