"""Accuracy: measured on the images under the declared conditions; without them by a record, or only against others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.checks.shared.early_decision import decided_early
from harness.checks.shared.reproduction import (
    MEANS,
    METRICS,
    declared_conditions,
    judged_within,
    made_of,
    published_evaluations,
    reason_found,
    same_conditions,
    suspect_rows,
)
from harness.checks.shared.subject import Need, Subject
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.statistics.intervals import CONFIDENCE, random_sample, worst_case
from harness.evaluate.statistics.scores import Failure
from harness.index.claim import Claim
from harness.index.entries import Entry
from harness.measure.checkpoint import sha256
from harness.project.records import Record
from harness.project.references import as_evidence
from harness.project.resources import Tolerance
from harness.verdict import NotHereError, Status, Verdict, errored, failed, not_run, typed

KINDS = tuple(METRICS)
NEEDS = frozenset({Need.PAGE, Need.REFERENCE, Need.WEIGHTS, Need.IMAGES})
READS = (
    "weights",
    "image_size",
    "crop_pct",
    "interpolation",
    "dataset",
    "top_1_accuracy",
    "top_5_accuracy",
)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Judge by an evaluation here, else by a record of one, else by what needs no images."""
    result = subject.result_of(claim)
    dataset = subject.references.find_dataset(result.text("dataset"))
    try:
        found = subject.evaluation(result)
    except NotHereError as missing:
        record, stale = _record(subject, dataset)
        if record is not None:
            return _by_record(claim, subject, record)
        return _unmeasured(claim, subject, result, missing, stale)
    if isinstance(found, Failure):
        remedy = "mend what it names, and run again; nothing was counted"
        return errored(claim, reason=f"The evaluation could not finish: {found.reason}", remedy=remedy)
    if not found.complete and (sure := decided_early(claim, subject, found)):
        return sure
    if not found.complete:
        record, _ = _record(subject, dataset)
        return _by_record(claim, subject, record) if record else _in_part(claim, found)
    return _measured(claim, subject, found)


@dataclass(frozen=True, slots=True)
class _Measurement:
    """A measured accuracy in percent, how it was got, and what its reader needs to believe it."""

    percent: Decimal
    precision: str
    tolerance: Tolerance
    method: str
    evidence: Mapping[str, Any]
    environment: Mapping[str, Any]

    def status(self, claim: Claim) -> Status:
        return judged_within(claim.quantity, self.percent, self.tolerance)


def _measured(claim: Claim, subject: Subject, found: Evaluation) -> Verdict:
    metric, counts = METRICS[claim.kind], found.scores.counts
    tolerance = subject.resources.tolerances[found.precision]
    evidence: dict[str, Any] = {
        "accuracy": MEANS,
        "counted": f"{getattr(counts, metric)} of {counts.images} images right",
        "tolerance": _shown(tolerance, found.precision),
        **made_of(found),
    }
    method = f"evaluated, {found.precision}, {found.conditions.geometry}"
    measurement = _Measurement(counts.percent(metric), found.precision, tolerance, method, evidence, found.environment)
    status = measurement.status(claim)
    if status is not Status.FAIL:
        return _verdict(claim, measurement, _told(status, measurement), None)
    evidence["usual suspects"] = suspect_rows(claim.quantity, metric, found, tolerance)
    reason = f"{_told(status, measurement)} {reason_found(claim.quantity, metric, found, tolerance)}"
    remedy = f"declare {measurement.percent}%, or the conditions and weights that give {claim.declared}"
    return _verdict(claim, measurement, reason, remedy)


def _verdict(claim: Claim, measurement: _Measurement, reason: str, remedy: str | None) -> Verdict:
    gap = measurement.percent - claim.quantity.value
    status = measurement.status(claim)
    return Verdict(
        claim=claim,
        status=status,
        reason=reason,
        measured=f"{measurement.percent}%",
        difference=f"{gap:+} points" if gap else None,
        method=measurement.method,
        remedy=remedy,
        evidence=typed(measurement.evidence),
        environment=measurement.environment,
        correction=() if status is Status.PASS else (f"{measurement.percent}%",),
    )


def _shown(tolerance: Tolerance, precision: str) -> str:
    return f"pass within {tolerance.passing} points, explained within {tolerance.explained}, {precision}"


def _told(status: Status, measurement: _Measurement) -> str:
    tolerance, precision = measurement.tolerance, measurement.precision
    moved = "other versions of decoder, resizing and arithmetic move unchanged models by no more than that"
    if precision != "fp32":
        moved = f"that much is allowed to {precision}"
    return {
        Status.PASS: f"Reproduced on all images, within {tolerance.passing} points.",
        Status.EXPLAINED: (f"Not within {tolerance.passing} points, but within {tolerance.explained}: {moved}."),
        Status.FAIL: f"Measured on all images, and farther off than {tolerance.explained} points.",
    }[status]


def _in_part(claim: Claim, found: Evaluation) -> Verdict:
    """What a part of the images says of all of them."""
    metric, counts, complete = METRICS[claim.kind], found.scores.counts, found.scores.total_images
    method = f"evaluated in part, {found.precision}, {found.conditions.geometry}"
    if found.images.has_unexpected:
        reason = f"Not the images of {found.dataset}, or not in their classes: {found.images.missing}."
        supply = "supply the complete set and nothing else"
        return not_run(
            claim, reason=reason, method=method, remedy=supply, evidence=typed({"images": str(found.images)})
        )
    sampled = found.images.missing is None
    low, high = (random_sample if sampled else worst_case)(counts, metric, complete)
    how = f"{CONFIDENCE:.0%} confidence" if sampled else "whatever the images that are not here would give"
    inside = "holds" if low <= claim.quantity.value <= high else "does not hold"
    reason = (
        f"Only {counts.images} of {complete} images were evaluated ({counts.percent(metric)}% right); on all of them "
        f"it lies between {low}% and {high}% ({how}), which {inside} the declared value."
    )
    supply = "evaluate all images: leave --subset away"
    if found.images.missing:
        reason, supply = f"{reason} {found.images.missing}.", "supply the complete set"
    evidence = {
        "counted": f"{getattr(counts, metric)} of {counts.images} images right",
        "interval": f"{low}% to {high}%, {how}",
        "images": str(found.images),
    }
    return not_run(claim, reason=reason, method=method, remedy=supply, evidence=typed(evidence))


def _record(subject: Subject, dataset: str | None) -> tuple[Record | None, Record | None]:
    """The record of these weights under these conditions; else one of this model that is not."""
    of_model = [one for one in subject.resources.records if one.model == subject.name and one.dataset == dataset]
    # The precision that is asked for, else the one that nothing was left out of.
    wanted = (subject.resources.evaluation.precision, "fp32")
    of_model.sort(key=lambda one: wanted.index(one.precision) if one.precision in wanted else len(wanted))
    valid = next((one for one in of_model if _still_holds(one, subject)), None)
    return valid, of_model[0] if of_model else None


def _still_holds(record: Record, subject: Subject) -> bool:
    """Whether all that the record depended on is what the page declares and what is here."""
    known = subject.references.datasets[record.dataset]
    if record.images != known["classes"] * known.get("images_per_class", 0):
        return False
    try:
        if record.conditions != declared_conditions(subject).as_json():
            return False
        file = subject.weights
    except NotHereError:
        return False
    if file.name != record.file:
        return False
    if subject.checkpoint is not None:
        return sha256(subject.checkpoint) == record.sha256
    return file.digest is not None and record.sha256.startswith(file.digest)


def _by_record(claim: Claim, subject: Subject, record: Record) -> Verdict:
    metric, tolerance = METRICS[claim.kind], subject.resources.tolerances[record.precision]
    evidence = {
        "accuracy": MEANS,
        "counted": f"{getattr(record, metric)} of {record.images} images right",
        "tolerance": _shown(tolerance, record.precision),
        "images, SHA-256": record.fingerprint,
        "weights, SHA-256": record.sha256,
        "conditions": {name: str(value) for name, value in record.conditions.items()},
        "recorded with": {name: str(value) for name, value in record.environment.items()},
    }
    method = f"recorded on {record.date}, {record.precision}"
    measurement = _Measurement(record.percent(metric), record.precision, tolerance, method, evidence, {})
    status = measurement.status(claim)
    reason = f"Recorded on {record.date}, of these weights under these conditions. {_told(status, measurement)}"
    remedy = f"declare {measurement.percent}%, or measure again: verify record" if status is Status.FAIL else None
    return _verdict(claim, measurement, reason, remedy)


def _unmeasured(claim: Claim, subject: Subject, result: Entry, missing: NotHereError, stale: Record | None) -> Verdict:
    """Compare with published evaluations; what agrees with them is still to be measured."""
    published = published_evaluations(subject, result)
    evidence = {
        "top-1 and top-5": MEANS,
        "published evaluations": [as_evidence(evaluation) for evaluation in published],
    }
    far_off = _off_published(claim, subject, published)
    if far_off is not None:
        figure, drift = far_off
        reason = (
            "The same weights under the same conditions were evaluated elsewhere to another figure, farther off than "
            f"re-runs ever were ({drift} points)."
        )
        gap, remedy = figure - claim.quantity.value, "measure it again; the published figure is not a measurement here"
        return failed(
            claim,
            reason=reason,
            measured=f"{figure}%",
            difference=f"{gap:+} points",
            method="published evaluation",
            remedy=remedy,
            evidence=typed(evidence),
        )
    told = f"{missing.missing[:1].upper()}{missing.missing[1:]}."
    if stale is not None:
        told += f" The record of {stale.date} is stale: weights, conditions or images are not those it was made of."
    return not_run(claim, reason=told, method="cross-record rules", remedy=missing.supply, evidence=typed(evidence))


def _off_published(
    claim: Claim, subject: Subject, published: Sequence[Mapping[str, Any]]
) -> tuple[Decimal, Decimal] | None:
    """A figure published under the declared conditions that is farther off than re-runs ever moved, and by how much."""
    metric = claim.kind.removesuffix("_accuracy")
    drift = subject.references.drift.get("accuracy", {}).get(metric)
    if drift is None:
        return None
    for evaluation in published:
        gap = abs(evaluation[metric] - claim.quantity.value)
        if same_conditions(subject, evaluation) and gap > drift + claim.quantity.step / 2:
            return evaluation[metric], drift
    return None
