"""Top-1 and top-5 accuracy of one result cannot both be true."""

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from harness.project.references import References
from harness.rules.declared_model import DeclaredAccuracy, DeclaredModel, declared_accuracies
from harness.rules.finding import Certainty, Finding

NAME = "top-1 and top-5 contradict"

_GUESSES = 5
# In percent; keeps logarithms finite.
_SMALLEST_ERROR = Decimal("1e-6")


def find(models: Sequence[DeclaredModel], references: References) -> Iterator[Finding]:
    """Both accuracies of a result if top-5 is the smaller, or if they are far from the pairs of all published models.

    Not if one may be a fraction and the other a percentage.
    """
    by_result = {(id(accuracy.result), accuracy.kind): accuracy for accuracy in declared_accuracies(models)}
    for (result, kind), top_1 in by_result.items():
        top_5 = by_result.get((result, "top_5_accuracy"))
        if kind != "top_1_accuracy" or top_5 is None or top_1.may_be_fraction != top_5.may_be_fraction:
            continue
        dataset = references.find_dataset(top_1.dataset)
        published = references.datasets[dataset].get("published", {}) if dataset else {}
        reason = _contradiction(top_1, top_5, published)
        if reason:
            remedy = "check both accuracies"
            if _may_be_errors(top_1, top_5, published):
                values = f"{100 - top_1.percentage:f}% and {100 - top_5.percentage:f}%"
                reason += f" Both may be error rates: as accuracies they are {values}."
                remedy = f"if they are error rates, declare the accuracies {values}"
            for accuracy, other in ((top_1, top_5), (top_5, top_1)):
                page, places = accuracy.model.page, (other.where,)
                yield Finding(page, accuracy.claim, NAME, reason, places, remedy, Certainty.ONE_OF_TWO)


def _contradiction(top_1: DeclaredAccuracy, top_5: DeclaredAccuracy, published: Mapping[str, Any]) -> str | None:
    """Why the two cannot both be true; None if they can.

    If the second to fifth guesses are right no more often than the first, top-5 is at most five times top-1. For
    published models, the top-5 error is a power of the top-1 error whose exponent varies little. Models may be outside
    its range by half its width.
    """
    if top_5.percentage < top_1.percentage:
        return f"Top-5, {top_5.declared}, is below top-1, {top_1.declared}, which it includes."
    if not published:
        return None
    pair = f"Either top-1, {top_1.declared}, or top-5, {top_5.declared}, is wrong: "
    if top_5.percentage - top_5.half_step > _GUESSES * (top_1.percentage + top_1.half_step):
        return (
            f"{pair}top-5 is more than five times top-1, so that the other four guesses would be right more often than "
            "the first. They are no error rates either: that of top-5 cannot be the larger one."
        )
    lowest, highest = published["top_5_exponent"]
    margin = (highest - lowest) / 2
    least, most = _exponents(top_1, top_5)
    # Weaker models than all published ones come closer to five times.
    is_weak = top_1.percentage < min(row["top_1_accuracy"][0] for row in published["accuracies"])
    if most >= lowest - margin and (is_weak or least <= highest + margin):
        return None
    first, last = (_top_5(top_1, exponent) for exponent in (lowest - margin, highest + margin))
    return f"{pair}with this top-1, top-5 is {first:.1f}% to {last:.1f}% ({published['models']} published models)."


def _may_be_errors(top_1: DeclaredAccuracy, top_5: DeclaredAccuracy, published: Mapping[str, Any]) -> bool:
    """Whether 100 minus each is a pair as published models have it."""
    if not published or not 0 < top_5.percentage < top_1.percentage < 100:
        return False
    exponent = math.log(top_5.percentage / 100) / math.log(top_1.percentage / 100)
    lowest, highest = map(float, published["top_5_exponent"])
    return lowest <= exponent <= highest


def _exponents(top_1: DeclaredAccuracy, top_5: DeclaredAccuracy) -> tuple[float, float]:
    """The least and the most that the exponent can be before rounding."""
    (least_1, most_1), (least_5, most_5) = _log_errors(top_1), _log_errors(top_5)
    return most_5 / least_1, least_5 / most_1


def _log_errors(accuracy: DeclaredAccuracy) -> tuple[float, float]:
    ends = (accuracy.percentage + accuracy.half_step, accuracy.percentage - accuracy.half_step)
    least, most = (min(max(100 - end, _SMALLEST_ERROR), 100 - _SMALLEST_ERROR) for end in ends)
    return math.log(least / 100), math.log(most / 100)


def _top_5(top_1: DeclaredAccuracy, exponent: Decimal) -> float:
    """The top-5 accuracy in percent that belongs to a top-1 accuracy."""
    error = max(100 - float(top_1.percentage), 0) / 100
    return 100 - 100 * math.pow(error, float(exponent))
