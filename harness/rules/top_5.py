"""A top-5 accuracy is below the top-1 accuracy, which it contains."""

from collections.abc import Iterator, Sequence

from harness.project.references import References
from harness.rules.declared_model import DeclaredModel, figures
from harness.rules.finding import Finding

NAME = "top-5 below top-1"


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Against both figures of such a result, where they are written alike."""
    by_result = {(id(figure.result), figure.kind): figure for figure in figures(models)}
    for (result, kind), top_1 in by_result.items():
        top_5 = by_result.get((result, "top_5_accuracy"))
        if kind != "top_1_accuracy" or top_5 is None or top_1.may_be_fraction != top_5.may_be_fraction:
            continue
        if top_5.quantity.value < top_1.quantity.value:
            reason, remedy = "Top-5 is below top-1, which it contains.", "check both figures; they may be swapped"
            for figure, other in ((top_1, top_5), (top_5, top_1)):
                yield Finding(figure.entry.page, figure.claim, NAME, reason, (other.where,), remedy, to_blame=True)
