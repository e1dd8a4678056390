"""Accuracy: possible at all, in line with the family and with published evaluations; measuring needs images."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from harness.checks.conditions import same_conditions
from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.quantity import parse_quantity
from harness.index.records import Index, Record
from harness.index.weights_url import weights_file
from harness.references import shown
from harness.verdict import NotHereError, Status, Verdict

KINDS = ("top_1_accuracy", "top_5_accuracy")
NEEDS = frozenset({Need.PAGE, Need.REFERENCE, Need.IMAGES})

# In points: ten times the largest inversion between neighbours in size of the RegNetY page.
FAR_WORSE = Decimal(1)
_METHOD = "cross-record rules"
_SUPPLY = "an evaluation on the images of the dataset; this version of the harness has none"


@dataclass(frozen=True, slots=True)
class _Fault:
    reason: str
    remedy: str
    figure: Decimal | None = None


def check(claim: Claim, subject: Subject) -> Verdict:
    """Apply the rules that need no images; what passes them all is still to be measured."""
    result = next(record for record in subject.record.results if claim.where.path.startswith(f"{record.path}."))
    published = _published(subject, result)
    evidence = {
        "top-1 and top-5": "percent of the images whose class is the first, or among the first five, of the scores",
        "published evaluations": [shown(evaluation) for evaluation in published],
    }
    tag = _tag(subject.record, subject.name)
    conflicts = _conflicts(subject.index, claim.kind, tag, result.text("dataset"))
    fault = (
        _impossible(claim, subject, result)
        or _off_published(claim, subject, published)
        or _out_of_line(subject.name, conflicts)
    )
    if fault:
        gap = f"{fault.figure - claim.quantity.value:+} points" if fault.figure is not None else None
        figure = f"{fault.figure}%" if fault.figure is not None else None
        return Verdict(claim, Status.FAIL, fault.reason, figure, gap, _METHOD, fault.remedy, evidence)
    others = _in_conflict_with(subject.name, conflicts)
    reason = (
        f"Either this or the figure of {', '.join(others)} is wrong; which, only measuring tells."
        if others
        else "Nothing on the page or on file speaks against it, but it was not measured: no images are evaluated yet."
    )
    return Verdict(claim, Status.NOT_RUN, reason, None, None, _METHOD, _SUPPLY, evidence)


def _published(subject: Subject, result: Record) -> list[Mapping[str, Any]]:
    """Published evaluations of the same weights on the same dataset, if recipe and dataset are on file."""
    dataset = subject.references.dataset_called(result.text("dataset"))
    evaluations = subject.references.models.get(subject.name, {}).get("evaluations", ())
    try:
        recipe = subject.recipe
    except NotHereError:
        return []
    return [item for item in evaluations if item["recipe"] == recipe and item["dataset"] == dataset]


def _impossible(claim: Claim, subject: Subject, result: Record) -> _Fault | None:
    top_1, top_5 = (parse_quantity(result.text(kind) or "") for kind in KINDS)
    if top_1 and top_5 and top_5.value < top_1.value:
        return _Fault("Top-5 is below top-1, which it contains.", "check both figures; they may be swapped")
    dataset = subject.references.dataset_called(result.text("dataset"))
    if dataset is None:
        return None
    classes = subject.references.datasets[dataset]["classes"]
    chance = Decimal(100 if claim.kind == "top_1_accuracy" else 500) / classes
    if claim.quantity.value <= 2 * chance:
        return _Fault(f"That is what guessing among {classes} classes gives ({chance}%).", "check the figure")
    return None


def _off_published(claim: Claim, subject: Subject, published: list[Mapping[str, Any]]) -> _Fault | None:
    """Farther from a published evaluation under the declared conditions than re-runs ever moved."""
    metric = claim.kind.removesuffix("_accuracy")
    drift = subject.references.drift.get("accuracy", {}).get(metric)
    if drift is None:
        return None
    for evaluation in published:
        gap = abs(evaluation[metric] - claim.quantity.value)
        if same_conditions(subject, evaluation) and gap > drift + claim.quantity.step / 2:
            reason = (
                "The same weights under the same conditions were evaluated elsewhere to another figure, farther off "
                f"than re-runs ever were ({drift} points)."
            )
            remedy = "measure it again; the published figure is not a measurement here"
            return _Fault(reason, remedy, evaluation[metric])
    return None


@cache
def _conflicts(index: Index, kind: str, tag: str | None, dataset: str | None) -> frozenset[tuple[str, str]]:
    """Pairs of a smaller and a larger model of one training run, of which the larger is far worse."""
    line = sorted(
        (size.value, accuracy.value, name)
        for name, record in index.models.items()
        if _tag(record, name) == tag
        and (size := parse_quantity(record.text("parameters") or ""))
        and (accuracy := parse_quantity(_declared(kind, record, dataset)))
    )
    return frozenset(
        (smaller, larger)
        for place, (_, lower, smaller) in enumerate(line)
        for _, upper, larger in line[place + 1 :]
        if lower - upper > FAR_WORSE
    )


def _out_of_line(model: str, conflicts: frozenset[tuple[str, str]]) -> _Fault | None:
    """The model is to blame where it is in more conflicts than any other; then the next, without those."""
    while conflicts:
        (blamed, most), *rest = Counter(name for pair in conflicts for name in pair).most_common(2)
        if rest and rest[0][1] == most:
            return None
        if blamed == model:
            others = ", ".join(_in_conflict_with(model, conflicts))
            reason = (
                f"Out of line with {others}: of one training run, a larger model is worse than a smaller one by more "
                f"than {FAR_WORSE} point."
            )
            return _Fault(reason, "check the figure")
        conflicts = frozenset(pair for pair in conflicts if blamed not in pair)
    return None


def _in_conflict_with(model: str, conflicts: frozenset[tuple[str, str]]) -> list[str]:
    return sorted({name for pair in conflicts if model in pair for name in pair} - {model})


def _tag(record: Record, model: str) -> str | None:
    """What the weights' file name says of their training; None where there is no such file."""
    return weights_file(record.text("weights") or "", model).tag


def _declared(kind: str, record: Record, dataset: str | None) -> str:
    results = (result for result in record.results if result.text("dataset") == dataset)
    return next((result.text(kind) or "" for result in results), "")
