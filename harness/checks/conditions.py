"""Conditions: the declared accuracy is reproduced or published under all of them, or the weights' library states it."""

from collections.abc import Sequence
from dataclasses import asdict

from harness.checks.shared.conditions import CONDITIONS, evaluations_table, has_declared_conditions
from harness.checks.shared.library import (
    agrees,
    declares_accuracy_of,
    evaluations_of_weights,
    library_table,
    own_weights,
    require_own_weights,
)
from harness.checks.shared.reproduction import (
    METRICS,
    Match,
    comparisons,
    complete_evaluation,
    reproduces,
)
from harness.checks.shared.subject import Need, Subject
from harness.evaluate.evaluation import CandidateCause, Evaluation
from harness.index.claim import Claim
from harness.index.entries import Entry
from harness.project.timm_tables import PublishedEvaluation
from harness.verdict import Details, NotHereError, Verdict, failed, not_run, passed, properties
from harness.zoo.library_weights import LibraryWeights, TestConditions

KINDS = CONDITIONS
NEEDS = frozenset({Need.REFERENCE, Need.TIMM, Need.WEIGHTS, Need.IMAGES})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Judge by the evaluations on this machine, then by published ones, then by the library's own conditions."""
    evaluated = False
    for result in subject.entry.results:
        if evaluation := complete_evaluation(subject, result):
            evaluated = True
            if verdict := _from_evaluation(claim, subject, result, evaluation):
                return verdict
    if published := _from_published(claim, subject):
        return published
    if evaluated:
        missing = "the declared accuracy was measured under these conditions and not reproduced"
        raise NotHereError(missing, "see the verdict on the accuracy")
    return _from_library(claim, subject)


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


def _from_published(claim: Claim, subject: Subject) -> Verdict | None:
    """Pass if the references have an evaluation of these weights under all declared conditions; otherwise None."""
    try:
        recipe = subject.recipe
    except NotHereError:
        return None
    evaluations = [item for item in subject.published_evaluations if item["recipe"] == recipe]
    if not any(has_declared_conditions(evaluation, subject) for evaluation in evaluations):
        return None
    return passed(
        claim,
        reason="An evaluation of these weights was published under all declared conditions.",
        measured=claim.declared,
        method=f"published evaluations, {recipe}",
        evidence=(evaluations_table(evaluations),),
    )


def _from_library(claim: Claim, subject: Subject) -> Verdict:
    """Pass if a library evaluates the weights like that; fail if the declared accuracy is that of other conditions."""
    for weights in own_weights(subject):
        if any(_agreement(subject, conditions) == len(KINDS) for conditions in weights.conditions):
            return _stated_by(claim, subject, weights)
    known, published = require_own_weights(subject), evaluations_of_weights(subject)
    evidence = (library_table(known, subject), evaluations_table(list(map(asdict, published))))
    same = next((item for item in published if has_declared_conditions(asdict(item), subject)), None)
    if same is not None:
        return passed(
            claim,
            reason="timm published an evaluation of these weights under all declared conditions.",
            measured=claim.declared,
            method=f"published evaluation, timm, {same.name}",
            evidence=evidence,
        )
    if (nearest := _with_nearest_conditions(claim.kind, subject, known)) is not None:
        return _stated_by(claim, subject, nearest)
    theirs = "; ".join(dict.fromkeys(str(conditions) for weights in known for conditions in weights.conditions))
    evaluation = _evaluation_with_declared_accuracy(subject, known)
    if evaluation is not None and not any(agrees(subject, item, claim.kind) for item in published):
        value = str(getattr(evaluation, claim.kind))
        reason = (
            f"The declared accuracy is the one that timm published for these weights with {value}; timm never "
            f"evaluated them with the declared value, only with {theirs}."
        )
        return failed(
            claim,
            reason=reason,
            measured=value,
            method=f"published evaluation, timm, {evaluation.name}",
            remedy=f"declare {value}",
            evidence=evidence,
            correction=(value,),
        )
    reason = f"{known[0].source}: the library evaluates these weights with {theirs}, not with the declared value."
    return not_run(
        claim,
        reason=reason,
        remedy="--weights DIR --imagenet DIR, to measure the accuracy under the declared conditions",
        evidence=evidence,
    )


def _agreement(subject: Subject, conditions: TestConditions) -> int:
    """How many of the declared conditions the library has too."""
    return sum(agrees(subject, conditions, kind) for kind in KINDS)


def _stated_by(claim: Claim, subject: Subject, weights: LibraryWeights) -> Verdict:
    return passed(
        claim,
        reason=f"{weights.library} {weights.version} evaluates these weights under this condition.",
        measured=claim.declared,
        method=weights.source,
        evidence=(library_table([weights], subject),),
    )


def _with_nearest_conditions(kind: str, subject: Subject, known: Sequence[LibraryWeights]) -> LibraryWeights | None:
    """The library whose conditions agree with most of the declared ones; None if some that do so have another value."""
    counts = [
        (_agreement(subject, conditions), conditions, weights) for weights in known for conditions in weights.conditions
    ]
    most = max(count for count, *_ in counts)
    nearest = [(conditions, weights) for count, conditions, weights in counts if count == most]
    return nearest[0][1] if all(agrees(subject, conditions, kind) for conditions, _ in nearest) else None


def _evaluation_with_declared_accuracy(subject: Subject, known: Sequence[LibraryWeights]) -> PublishedEvaluation | None:
    """timm's published evaluation, under conditions of its own, that the declared accuracies are equal to.

    Other conditions do not give both accuracies again.
    """
    own = {conditions for weights in known for conditions in weights.conditions}
    for evaluation in evaluations_of_weights(subject):
        conditions = TestConditions(evaluation.image_size, evaluation.crop_pct, evaluation.interpolation)
        if conditions in own and any(declares_accuracy_of(evaluation, result) for result in subject.entry.results):
            return evaluation
    return None
