"""An accuracy is not a whole number of the dataset's images."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import DeclaredModel, declared_accuracies
from harness.rules.finding import Certainty, Finding

NAME = "no whole number of images"

# Accuracies are often computed in float32, whose numbers have 24 binary digits.
_FLOAT_ERROR = Decimal(2) ** -23


def find(models: Sequence[DeclaredModel], references: References) -> Iterator[Finding]:
    """Accuracies that no number of images gives, at their precision: averages over batches of different sizes.

    Proof if the entry names one weights file, so that the accuracy cannot be an average over several.
    """
    for accuracy in declared_accuracies(models):
        dataset = references.find_dataset(accuracy.dataset)
        known = references.datasets[dataset] if dataset else {}
        if not {"classes", "images_per_class"} <= known.keys():
            continue
        images = Decimal(known["classes"] * known["images_per_class"])
        right = accuracy.percentage * images / 100
        nearest = round(right)
        allowed = accuracy.half_step * images / 100 + right * _FLOAT_ERROR
        if abs(right - nearest) <= allowed:
            continue
        reason = (
            f"No number of images right of {images:f} gives {accuracy.declared}: {nearest} give "
            f"{100 * nearest / images:f}%. It may be an average over batches of different sizes."
        )
        place, remedy = accuracy.result.values["dataset"].where, "declare the images right, divided by all images"
        certainty = Certainty.FALSE if accuracy.model.weights.name else Certainty.SUSPICIOUS
        yield Finding(accuracy.model.page, accuracy.claim, NAME, reason, (place,), remedy, certainty)
