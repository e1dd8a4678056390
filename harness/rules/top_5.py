"""A top-5 accuracy is below the top-1 accuracy of the same result."""

from collections.abc import Iterator, Sequence

from harness.project.references import References
from harness.rules.declared_model import DeclaredModel, declared_accuracies
from harness.rules.finding import Finding

NAME = "top-5 below top-1"


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Both accuracies of such a result, unless one may be a fraction and the other a percentage."""
    by_result = {(id(accuracy.result), accuracy.kind): accuracy for accuracy in declared_accuracies(models)}
    for (result, kind), top_1 in by_result.items():
        top_5 = by_result.get((result, "top_5_accuracy"))
        if kind != "top_1_accuracy" or top_5 is None or top_1.may_be_fraction != top_5.may_be_fraction:
            continue
        if top_5.quantity.value < top_1.quantity.value:
            reason = f"Top-5, {top_5.declared}, is below top-1, {top_1.declared}, which it includes."
            remedy = "check both accuracies; they may be swapped"
            for accuracy, other in ((top_1, top_5), (top_5, top_1)):
                yield Finding(accuracy.model.page, accuracy.claim, NAME, reason, (other.where,), remedy, to_blame=True)
