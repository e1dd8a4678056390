"""What speaks against an accuracy without any image: the page's other figures, and published evaluations."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from harness.checks.reproduction import same_conditions
from harness.checks.subject import Subject
from harness.index.claim import Claim
from harness.index.quantity import parse_quantity
from harness.index.records import Index, Record
from harness.index.weights_url import weights_file

# In points: ten times the largest inversion between neighbours in size of the RegNetY page.
FAR_WORSE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Implausibility:
    """Why an accuracy cannot be, how to mend it, and the figure that speaks against it, if there is one."""

    reason: str
    remedy: str
    figure: Decimal | None = None


def implausible(
    claim: Claim, subject: Subject, result: Record, published: Sequence[Mapping[str, Any]]
) -> Implausibility | None:
    """The first rule that the claim breaks; None where it breaks none."""
    return (
        _impossible(claim, subject, result)
        or _off_published(claim, subject, published)
        or _out_of_line(subject.name, conflicts_of(claim, subject, result))
    )


def in_conflict(claim: Claim, subject: Subject, result: Record) -> list[str]:
    """The models whose figures cannot be right together with this one."""
    return _in_conflict_with(subject.name, conflicts_of(claim, subject, result))


def conflicts_of(claim: Claim, subject: Subject, result: Record) -> frozenset[tuple[str, str]]:
    """All pairs of models, of the claim's training run and dataset, of which the larger is far worse."""
    tag = _tag(subject.record, subject.name)
    return _conflicts(subject.index, claim.kind, tag, result.text("dataset"))


def _impossible(claim: Claim, subject: Subject, result: Record) -> Implausibility | None:
    top_1, top_5 = (parse_quantity(result.text(kind) or "") for kind in ("top_1_accuracy", "top_5_accuracy"))
    if top_1 and top_5 and top_5.value < top_1.value:
        return Implausibility("Top-5 is below top-1, which it contains.", "check both figures; they may be swapped")
    dataset = subject.references.dataset_called(result.text("dataset"))
    if dataset is None:
        return None
    classes = subject.references.datasets[dataset]["classes"]
    chance = Decimal(100 if claim.kind == "top_1_accuracy" else 500) / classes
    # Not twice chance where there are few classes: among ten, half of all are in the first five.
    if chance < 100 and claim.quantity.value <= min(2 * chance, chance + (100 - chance) / 10):
        return Implausibility(f"That is what guessing among {classes} classes gives ({chance}%).", "check the figure")
    return None


def _off_published(claim: Claim, subject: Subject, published: Sequence[Mapping[str, Any]]) -> Implausibility | None:
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
            return Implausibility(reason, remedy, evaluation[metric])
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


def _out_of_line(model: str, conflicts: frozenset[tuple[str, str]]) -> Implausibility | None:
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
            return Implausibility(reason, "check the figure")
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
