"""An accuracy is no better than guessing."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import DeclaredModel, declared_accuracies
from harness.rules.finding import Certainty, Finding

NAME = "accuracy near chance"

_GUESSES = {"accuracy": 1, "top_1_accuracy": 1, "top_5_accuracy": 5}


def find(models: Sequence[DeclaredModel], references: References) -> Iterator[Finding]:
    """Accuracies on known datasets that are at most about what guessing gives."""
    for accuracy in declared_accuracies(models):
        dataset = references.find_dataset(accuracy.dataset)
        if dataset is None or accuracy.may_be_fraction:
            continue
        classes = references.datasets[dataset]["classes"]
        chance = Decimal(100 * _GUESSES[accuracy.kind]) / classes
        # For few classes, twice chance is too much: with ten classes, guessing gives a top-5 accuracy of 50 %.
        if chance < 100 and accuracy.quantity.value <= min(2 * chance, chance + (100 - chance) / 10):
            reason = f"{accuracy.declared} is close to chance: guessing among {classes} classes gives {chance}%."
            place = accuracy.result.values["dataset"].where
            remedy = "check the accuracy"
            yield Finding(accuracy.model.page, accuracy.claim, NAME, reason, (place,), remedy, Certainty.SUSPICIOUS)
