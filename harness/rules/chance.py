"""An accuracy is no better than guessing."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import DeclaredModel, figures
from harness.rules.finding import Finding

NAME = "accuracy near chance"

_FIRST = {"accuracy": 1, "top_1_accuracy": 1, "top_5_accuracy": 5}


def find(models: Sequence[DeclaredModel], references: References) -> Iterator[Finding]:
    """Against every figure on a dataset that is on file which guessing among its classes would reach, or nearly."""
    for figure in figures(models):
        dataset = references.find_dataset(figure.dataset)
        if dataset is None or figure.may_be_fraction:
            continue
        classes = references.datasets[dataset]["classes"]
        chance = Decimal(100 * _FIRST[figure.kind]) / classes
        # Not twice chance where there are few classes: among ten, half of all are in the first five.
        if chance < 100 and figure.quantity.value <= min(2 * chance, chance + (100 - chance) / 10):
            reason = f"That is what guessing among {classes} classes gives ({chance}%)."
            place = figure.result.values["dataset"].where
            yield Finding(figure.entry.page, figure.claim, NAME, reason, (place,), "check the figure", to_blame=True)
