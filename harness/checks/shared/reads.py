"""What of a page a verdict depends on beside the declared value: read off, so that two states of a page compare."""

from collections.abc import Callable, Mapping
from typing import Any

from harness.checks.code import pinned_commits
from harness.checks.design_space import published_relation
from harness.checks.identity import collections_of_names_alike, fitting_collections
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError

# A value of the page as a verdict sees it; while it stays the same, it cannot make a claim true or false.
Reading = Callable[[Claim, Subject], Any]


def _declared(kind: str) -> Reading:
    return lambda _, subject: subject.entry.text(kind)


def _library(_: Claim, subject: Subject) -> Any:
    """The model's; for a claim of the page, which is about all of its models, that of each."""
    if subject.model is None:
        return {model.name: model.entry.text("library") for model in subject.models}
    return subject.entry.text("library")


def _of_result(kind: str) -> Reading:
    return lambda claim, subject: subject.result_of(claim).text(kind)


def _recipe(_: Claim, subject: Subject) -> str | None:
    try:
        return subject.weights.tag
    except NotHereError:
        return None


def _accuracies(_: Claim, subject: Subject) -> list[dict[str, str]]:
    """All that the model's results declare."""
    return [{kind: value.raw for kind, value in result.values.items()} for result in subject.entry.results]


READINGS: Mapping[str, Reading] = {
    "library": _library,
    "weights": _declared("weights"),
    "image_size": _declared("image_size"),
    "crop_pct": _declared("crop_pct"),
    "interpolation": _declared("interpolation"),
    "in_collection": _declared("in_collection"),
    "dataset": _of_result("dataset"),
    "top_1_accuracy": _of_result("top_1_accuracy"),
    "top_5_accuracy": _of_result("top_5_accuracy"),
    "accuracies": _accuracies,
    "recipe of the weights": _recipe,
    "commits that the page pins": lambda _, subject: pinned_commits(subject.index),
    "collection": lambda claim, subject: subject.collection_of(claim),
    "collections that fit": lambda claim, subject: (
        (fitting_collections(subject), collections_of_names_alike(subject)) if claim.kind == "in_collection" else None
    ),
    "relation of the paper": lambda claim, subject: published_relation(claim.kind, subject),
    "READMEs that are there": lambda claim, subject: [
        (one.file, one.folder) for one in subject.index.readmes if one.where == claim.where
    ],
    "models": lambda _, subject: sorted(subject.index.models),
    "models of the collection": lambda claim, subject: sorted(
        name for name, entry in subject.index.models.items() if claim.declared in entry.texts("in_collection")
    ),
}

# What a measurement of a file or of images is made of, where these are here.
OF_NETWORK = ("library",)
OF_FILE = ("weights",)
OF_IMAGES = ("weights", "image_size", "crop_pct", "interpolation", "accuracies")


def measured_from(needs: frozenset[Need], subject: Subject, *, file: bool) -> tuple[str, ...]:
    """What the verdict depends on through the network, the weights `file`, if it is there, and the images here."""
    network = OF_NETWORK if Need.NETWORK in needs else ()
    if subject.model is None or Need.WEIGHTS not in needs or not file:
        return network
    if Need.IMAGES not in needs:
        return network + OF_FILE
    datasets = {subject.references.find_dataset(result.text("dataset")) for result in subject.entry.results}
    return network + (OF_IMAGES if datasets & subject.resources.images.keys() else ())
