"""What installed libraries, and releases of timm that the references contain, know about a page's weights file."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from harness.checks.shared.reproduction import METRICS, declared_accuracies
from harness.checks.shared.subject import Subject
from harness.index.entries import Entry
from harness.index.weights_url import is_relative
from harness.project.timm_tables import PublishedEvaluation, timm_evaluations
from harness.verdict import NotHereError, Table, table
from harness.zoo.library_weights import (
    LibraryWeights,
    TestConditions,
    architectures,
    shipped_weights,
    timm_weights,
    torchvision_weights,
)
from harness.zoo.torchvision_models import classifiers

# With fewer decimals, a rounded crop is another crop: 0.88 resizes to another size than 0.875.
_ROUNDED_CROP = Decimal("0.001")
# Accuracies in points: with fewer decimals, several evaluations have the same ones.
_FINEST = Decimal("0.01")


def library_weights(subject: Subject) -> Iterator[LibraryWeights]:
    """The libraries' configurations of the weights that the page names. Installed libraries are imported last."""
    url, resources = subject.entry.text("weights"), subject.resources
    if not url or is_relative(url):
        return
    yield from shipped_weights(url)
    if resources.timm:
        yield from timm_weights(url, resources.timm)
    if resources.torchvision:
        yield from torchvision_weights(url, resources.torchvision)


def is_of_other_network(weights: LibraryWeights, subject: Subject) -> bool:
    """Whether the library knows the page's model, as another network than the one that these weights belong to."""
    if weights.library == "torchvision":
        return subject.name != weights.architecture and subject.name in classifiers()
    known = architectures(subject.name)
    return bool(known) and weights.architecture not in known


def own_weights(subject: Subject) -> Iterator[LibraryWeights]:
    """The libraries' configurations of the page's weights, without those of another network than the page's."""
    return (weights for weights in library_weights(subject) if not is_of_other_network(weights, subject))


def require_own_weights(subject: Subject) -> tuple[LibraryWeights, ...]:
    """All configurations of the page's weights. Raises NotHereError if there are none, with the reason."""
    found = tuple(own_weights(subject))
    if found:
        return found
    other = next(library_weights(subject), None)
    if other is not None:
        missing = f"the page names the weights of {other.models[0]} ({other.source})"
        raise NotHereError(missing, "see the verdict on the weights")
    missing = "no library's configuration of these weights is known"
    if not (subject.resources.timm or subject.entry.text("library")):
        raise NotHereError(f"{missing}; timm is not installed", "pip install timm")
    raise NotHereError(missing, "--weights DIR --imagenet DIR, to measure the accuracy")


def evaluations_of_weights(subject: Subject) -> tuple[PublishedEvaluation, ...]:
    """timm's published evaluations of the page's weights on ImageNet-1k, by the names that the library has for them."""
    found = dict.fromkeys(weights.name for weights in own_weights(subject) if weights.library == "timm")
    return tuple(evaluation for name in found for evaluation in timm_evaluations().get(name, ()))


def accuracies_of_library(subject: Subject) -> tuple[PublishedEvaluation, ...]:
    """torchvision's own accuracies of the page's weights on ImageNet-1k."""
    found = ((item, item.conditions[0], item.accuracies) for item in own_weights(subject) if item.accuracies)
    return tuple(
        PublishedEvaluation(
            f"{item.library} {item.name}", test.image_size, test.crop_pct, test.interpolation, top_1, top_5
        )
        for item, test, (top_1, top_5) in found
    )


def agrees(subject: Subject, conditions: TestConditions | PublishedEvaluation, kind: str) -> bool:
    """Whether the page declares this condition as the library has it; a crop may be rounded to three decimals."""
    value, quantity = getattr(conditions, kind), subject.entry.quantity(kind)
    if quantity is None:
        return (subject.entry.text(kind) or "").casefold() == str(value)
    rounded = kind == "crop_pct" and quantity.step <= _ROUNDED_CROP
    return quantity.value == value or (rounded and abs(quantity.value - value) < quantity.step)


def declares_accuracy_of(evaluation: PublishedEvaluation, result: Entry) -> bool:
    """Whether a result declares both accuracies of an evaluation, to 0.01 points and equal within that."""
    accuracies = declared_accuracies(result)
    return set(accuracies) == set(METRICS.values()) and all(
        abs(getattr(evaluation, metric) - quantity.value) <= quantity.step <= _FINEST
        for metric, quantity in accuracies.items()
    )


def library_table(weights: Iterable[LibraryWeights], subject: Subject) -> Table:
    """The libraries' configurations, for the evidence."""
    url = subject.entry.text("weights") or ""
    rows = [
        {
            "library": f"{item.library} {item.version}",
            "weights": item.name,
            "matched by": item.match(url) or "",
            "conditions": "; ".join(map(str, item.conditions)),
            "mean": " ".join(f"{value:g}" for value in item.mean),
            "std": " ".join(f"{value:g}" for value in item.std),
            "trained on": ", then ".join(item.datasets) or "not stated",
        }
        for item in weights
    ]
    return table("library_configurations", "library configurations", rows)
