"""Accuracy: possible at all, in line with the family and with published evaluations; measuring needs images."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.quantity import Quantity, parse_quantity
from harness.index.records import Record
from harness.references import shown
from harness.verdict import NotHereError, Status, Verdict

KINDS = ("top_1_accuracy", "top_5_accuracy")
NEEDS = frozenset({Need.REFERENCE, Need.NETWORK, Need.IMAGES})

# Published re-runs of unchanged models moved by at most 0.134 points in five years (modelindex/references/).
MOST_DRIFT = Decimal("0.15")
# In points; the family's largest true inversion between neighbours in size is a tenth of it.
FAR_WORSE = Decimal(1)
_SUPPLY = "an evaluation on the ImageNet-1k validation images; this version of the harness has none"


def check(claim: Claim, subject: Subject) -> Verdict:
    """Apply the rules that need no images; what passes them all is still to be measured."""
    published = _published(subject)
    evidence = {
        "top-1 and top-5": "percent of the images whose class is the first, or among the first five, of the scores",
        "published evaluations": [shown(evaluation) for evaluation in published],
    }
    declared = claim.quantity.value
    fault = _impossible(claim, subject) or _off_published(claim, subject, published) or _out_of_line(claim, subject)
    if fault:
        reason, measured, remedy = fault
        gap = f"{measured - declared:+} points" if measured is not None else None
        figure = f"{measured}%" if measured is not None else None
        return Verdict(claim, Status.FAIL, reason, figure, gap, "cross-record rules", remedy, evidence)
    reason = "Nothing speaks against it, but it was not measured: no images are evaluated yet."
    return Verdict(claim, Status.NOT_RUN, reason, None, None, "cross-record rules", _SUPPLY, evidence)


_Fault = tuple[str, Decimal | None, str]


def _published(subject: Subject) -> list[Mapping[str, Any]]:
    """Published evaluations of the same weights, if their recipe is on file."""
    evaluations = subject.references.models.get(subject.name, {}).get("evaluations", ())
    try:
        recipe = subject.recipe
    except NotHereError:
        return []
    return [evaluation for evaluation in evaluations if evaluation["recipe"] == recipe]


def _impossible(claim: Claim, subject: Subject) -> _Fault | None:
    result = _result(claim, subject.record)
    top_1, top_5 = (parse_quantity(result.text(kind) or "") for kind in KINDS)
    if top_1 and top_5 and top_5.value < top_1.value:
        return "Top-5 is below top-1, which it contains.", None, "check both figures; they may be swapped"
    classes = subject.trace.output[-1]
    chance = Decimal(100 if claim.kind == "top_1_accuracy" else 500) / classes
    if claim.quantity.value <= 2 * chance:
        return f"That is what guessing among {classes} classes gives ({chance}%).", None, "check the figure"
    return None


def _result(claim: Claim, record: Record) -> Record:
    return next(result for result in record.results if claim.where.path.startswith(f"{result.path}."))


def _off_published(claim: Claim, subject: Subject, published: list[Mapping[str, Any]]) -> _Fault | None:
    """Farther from the published evaluation under the declared conditions than re-runs ever moved."""
    metric = claim.kind.removesuffix("_accuracy")
    for evaluation in published:
        conditions = {kind: str(evaluation[kind]) for kind in ("image_size", "crop_pct", "interpolation")}
        if any(subject.record.text(kind) != value for kind, value in conditions.items()):
            continue
        gap = abs(evaluation[metric] - claim.quantity.value)
        if gap > MOST_DRIFT:
            reason = (
                f"The same weights under the same conditions were evaluated elsewhere to another figure, "
                f"by more than re-runs differ ({MOST_DRIFT} points)."
            )
            return (
                reason,
                evaluation[metric],
                "measure it again; the published figure is not a measurement here",
            )
    return None


def _out_of_line(claim: Claim, subject: Subject) -> _Fault | None:
    """The entry that must be wrong where larger models of one training run are far worse than smaller ones."""
    line = sorted(
        (size.value, accuracy.value, other.name)
        for other in subject.models
        if _tag(other) == _tag(subject)
        and (size := parse_quantity(other.record.text("parameters") or ""))
        and (accuracy := _declared(claim.kind, other))
    )
    conflicts = {
        (smaller, larger)
        for place, (_, lower, smaller) in enumerate(line)
        for _, upper, larger in line[place + 1 :]
        if lower - upper > FAR_WORSE
    }
    while conflicts:
        involved = Counter(name for pair in conflicts for name in pair)
        most = max(involved.values())
        blamed = {name for name, times in involved.items() if times == most}
        if subject.name in blamed:
            others = sorted({name for pair in conflicts if subject.name in pair for name in pair} - {subject.name})
            reason = (
                f"Out of line with {', '.join(others)}: of one training run, a larger model is worse than a "
                f"smaller one by more than {FAR_WORSE} point."
            )
            return reason, None, "check the figure"
        conflicts = {pair for pair in conflicts if not blamed & set(pair)}
    return None


def _tag(subject: Subject) -> str | None:
    """What the weights' file name says of their training; None where there is no such file."""
    try:
        return subject.weights.tag
    except NotHereError:
        return None


def _declared(kind: str, subject: Subject) -> Quantity | None:
    if not subject.record.results:
        return None
    return parse_quantity(subject.record.results[0].text(kind) or "")
