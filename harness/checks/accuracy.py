"""Accuracy: an evaluation under the declared conditions reproduces it: here, recorded, or published."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from harness.checks.shared.conditions import (
    evaluations_table,
    has_declared_conditions,
    published_for_result,
    records_of,
    rerun_drift,
    valid_record,
)
from harness.checks.shared.early_decision import early_verdict
from harness.checks.shared.lookup import result_of
from harness.checks.shared.reproduction import (
    ACCURACY,
    METRICS,
    AccuracyComparison,
    accuracy_status,
    evaluation_evidence,
)
from harness.checks.shared.subject import Need, Subject
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.statistics.intervals import CONFIDENCE, random_sample, worst_case
from harness.evaluate.statistics.scores import Counts, Failure
from harness.index.claim import Claim
from harness.index.entries import Entry
from harness.project.records import Record
from harness.project.resources import Tolerance
from harness.verdict import (
    Evidence,
    Fact,
    NotHereError,
    Status,
    Verdict,
    errored,
    explained,
    fact,
    failed,
    not_run,
    passed,
    properties,
)

KINDS = tuple(METRICS)
NEEDS = frozenset({Need.PAGE, Need.REFERENCE, Need.TIMM, Need.WEIGHTS, Need.IMAGES})

# Percentage points: a crop or image size other than the weights' own costs up to that in bad cases.
_FARTHEST = Decimal(10)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Judge by an evaluation on this machine; without one by a record, then by published evaluations.

    The verdict depends only on the arguments: an evaluation without causes gives the same status as one with them.
    """
    result = result_of(claim, subject)
    try:
        evaluation = subject.evaluation(result)
    except NotHereError as missing:
        return _from_record(claim, subject, result) or _without_measurement(claim, subject, result, missing)
    if isinstance(evaluation, Failure):
        remedy = "fix the named problem and run again; no image was counted"
        return errored(claim, reason=f"The evaluation could not finish: {evaluation.reason}", remedy=remedy)
    if evaluation.complete:
        return _from_evaluation(claim, subject, evaluation)
    decided = early_verdict(claim, subject, evaluation) or _from_record(claim, subject, result)
    return decided or _from_part(claim, evaluation)


def _from_measurement(  # noqa: PLR0913 - the parts of a verdict
    claim: Claim,
    counts: Counts | Record,
    precision: str,
    tolerance: Tolerance,
    *,
    note: str,
    remedy: str,
    **details: Any,
) -> Verdict:
    """The verdict on an accuracy of all images. `note` ends the reason; `remedy` is what else corrects a failure."""
    metric, passing, limit = METRICS[claim.kind], tolerance.passing, tolerance.explained
    percent = counts.percent(metric)
    gap = percent - claim.quantity.value
    allowed = f"pass within {passing} points, explained within {limit}, {precision}"
    evidence = (ACCURACY, _correct(counts, metric), fact("tolerance", "tolerance", allowed), *details["evidence"])
    details |= {"measured": f"{percent}%", "difference": f"{gap:+} points" if gap else None, "evidence": evidence}
    status = accuracy_status(claim.quantity, percent, tolerance)
    if status is Status.PASS:
        return passed(claim, reason=f"Reproduced on all images within {passing} points.{note}", **details)
    details["correction"] = (f"{percent}%",)
    if status is Status.FAIL:
        reason = f"On all images, the accuracy differs by more than {limit} points.{note}"
        return failed(claim, reason=reason, remedy=f"declare {percent}%, or {remedy}", **details)
    cause = f"the tolerance of {precision}"
    if precision == "fp32":
        cause = "other versions of decoder, resizing and arithmetic change unchanged models by no more than that"
    return explained(claim, reason=f"Not within {passing} points, but within {limit}: {cause}.{note}", **details)


def _from_evaluation(claim: Claim, subject: Subject, evaluation: Evaluation) -> Verdict:
    tolerance = subject.resources.tolerances[evaluation.precision]
    comparison = AccuracyComparison(METRICS[claim.kind], claim.quantity, evaluation, tolerance)
    failing = comparison.status is Status.FAIL
    return _from_measurement(
        claim,
        evaluation.scores.counts,
        evaluation.precision,
        tolerance,
        note=f" {comparison.explanation()}" if failing else "",
        remedy=f"the conditions and weights that give {claim.declared}",
        method=f"evaluated, {evaluation.precision}, {evaluation.conditions.geometry}",
        evidence=(*((comparison.causes_table(),) if failing else ()), *evaluation_evidence(evaluation)),
        environment=evaluation.environment,
    )


def _correct(counts: Counts | Record, metric: str) -> Fact:
    return fact("correct", "correct", f"{getattr(counts, metric)} of {counts.images} images")


def _from_part(claim: Claim, evaluation: Evaluation) -> Verdict:
    """What a part of the images says about all of them."""
    metric, counts, total = METRICS[claim.kind], evaluation.scores.counts, evaluation.scores.total_images
    images, missing = evaluation.images, evaluation.images.missing
    method = f"evaluated in part, {evaluation.precision}, {evaluation.conditions.geometry}"
    evidence: tuple[Evidence, ...] = (fact("images", "images", str(images)),)
    if images.has_unexpected:
        reason = f"The images are not those of {evaluation.dataset}, or not in their classes: {missing}."
        remedy = "supply the complete dataset and nothing else"
        return not_run(claim, reason=reason, method=method, remedy=remedy, evidence=evidence)
    low, high = (worst_case if missing else random_sample)(counts, metric, total)
    basis = "whatever the missing images would give" if missing else f"{CONFIDENCE:.0%} confidence"
    covers = "includes" if low <= claim.quantity.value <= high else "does not include"
    reason = (
        f"Only {counts.images} of {total} images were evaluated ({counts.percent(metric)}% correct); on all of them "
        f"the accuracy lies between {low}% and {high}% ({basis}), which {covers} the declared value."
    )
    return not_run(
        claim,
        reason=f"{reason} {missing}." if missing else reason,
        method=method,
        remedy="supply the complete dataset" if missing else "evaluate all images: run without --subset",
        evidence=(_correct(counts, metric), fact("interval", "interval", f"{low}% to {high}%, {basis}"), *evidence),
    )


def _from_record(claim: Claim, subject: Subject, result: Entry) -> Verdict | None:
    """The verdict of a valid record; None if there is none."""
    record = valid_record(subject, result)
    if record is None:
        return None
    environment = {name: str(value) for name, value in record.environment.items()}
    return _from_measurement(
        claim,
        record,
        record.precision,
        subject.resources.tolerances[record.precision],
        note=f" Recorded on {record.date} with these weights under these conditions.",
        remedy="measure again: verify record",
        method=f"recorded on {record.date}, {record.precision}",
        evidence=(
            fact("images_sha_256", "images, SHA-256", record.fingerprint),
            fact("weights_sha_256", "weights, SHA-256", record.sha256),
            properties("conditions", "conditions", {name: str(value) for name, value in record.conditions.items()}),
            properties("recorded_with", "recorded with", environment),
        ),
    )


def _without_measurement(claim: Claim, subject: Subject, result: Entry, missing: NotHereError) -> Verdict:
    """Fail if published evaluations contradict the claim; otherwise the accuracy is still to be measured."""
    published = published_for_result(subject, result)
    evidence = (ACCURACY, evaluations_table(published))
    if decided := _from_published(claim, subject, published, evidence):
        return decided
    reason = missing.reason
    if outdated := records_of(subject, result):
        reason += f" The record of {outdated[0].date} is outdated: it has other weights, conditions or images."
    return not_run(claim, reason=reason, remedy=missing.supply, evidence=evidence)


def _from_published(
    claim: Claim, subject: Subject, published: Sequence[Mapping[str, Any]], evidence: Sequence[Evidence]
) -> Verdict | None:
    """Fail if every published evaluation under the declared conditions, or every one at all, is too far away."""
    metric, declared = METRICS[claim.kind], claim.quantity

    def gap(evaluation: Mapping[str, Any]) -> Decimal:
        return Decimal(evaluation[metric] - declared.value)

    same = [item for item in published if has_declared_conditions(item, subject)]
    limits = [limit for item in same if (limit := rerun_drift(item, subject).get(metric)) is not None]
    if same and len(limits) == len(same):
        limit, compared = max(limits), same
        reason = (
            "An evaluation of the same weights under the same conditions was published with another accuracy; "
            f"evaluations of unchanged weights never differed by more than {limit} points."
        )
    else:
        limit, compared = _FARTHEST, [item for item in published if _is_near_size(subject, item)]
        reason = (
            "Every published evaluation of the same weights has another accuracy. Crop, image size and interpolation "
            f"change it by no more than {limit} points."
        )
    nearest = min(compared, key=lambda item: abs(gap(item)), default=None)
    if nearest is None or abs(gap(nearest)) <= limit + declared.step / 2:
        return None
    return failed(
        claim,
        reason=reason,
        measured=f"{nearest[metric]}%",
        difference=f"{gap(nearest):+} points",
        method=_method(nearest),
        remedy="measure it again; the published accuracy was not measured on this machine",
        evidence=evidence,
    )


def _method(evaluation: Mapping[str, Any]) -> str:
    """How the published accuracy is known; a library's own evaluations name the weights."""
    if "name" not in evaluation:
        return "published evaluation"
    library, _, weights = evaluation["name"].rpartition(" ")
    return f"published evaluation, {library or 'timm'}, {weights}"


def _is_near_size(subject: Subject, evaluation: Mapping[str, Any]) -> bool:
    """Whether the declared image size is near the published one: at others, an accuracy can be as low as chance."""
    declared, published = subject.entry.quantity("image_size"), int(evaluation["image_size"])
    return declared is None or 3 * published <= 4 * declared.value <= 6 * published
