"""One model with what can be had of it here; nothing is built or read until a check asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.evaluate.evaluation import Evaluation
from harness.evaluate.statistics.scores import Failure
from harness.index.claim import Claim
from harness.index.entries import Entry, Index
from harness.index.weights_url import WeightsFile, is_relative, weights_file
from harness.measure.checkpoint import sha256
from harness.measure.operations import ForwardError, Trace
from harness.measure.tracing import trace
from harness.project.lock import Locked
from harness.project.references import References
from harness.project.resources import Resources
from harness.verdict import NotHereError
from harness.zoo import Blueprint, Network, UnknownModelError, build, build_for_cross_check
from harness.zoo.storage import StorageLimitError

_USUAL_SIZE = 224


# What evaluating came to, or what is missing for it; by page, model and dataset.
Evaluated = Evaluation | Failure | NotHereError
Evaluations = Mapping[tuple[str, str, str], Evaluated]


class Need(StrEnum):
    """What a check asks of its subject."""

    PAGE = "page"
    REFERENCE = "reference"
    NETWORK = "network"
    WEIGHTS = "weights file"
    SOURCE = "source repository"
    IMAGES = "images"
    TIMM = "timm"


@dataclass(frozen=True, slots=True)
class InputSize:
    """The side of a square input image in pixels, and whether the page declares it."""

    side: int
    declared: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """A model of a page (or the page itself, where `model` is None) and everything to judge its claims by.

    Properties raise NotHereError where something is missing, which makes the verdict `not_run`.
    """

    index: Index
    references: References
    resources: Resources
    model: str | None = None
    evaluations: Evaluations = field(default_factory=dict)

    def sibling(self, model: str | None) -> "Subject":
        """Another model of the same page, or the page itself."""
        return replace(self, model=model)

    @property
    def models(self) -> tuple["Subject", ...]:
        """All models of the page."""
        return tuple(map(self.sibling, self.index.models))

    @property
    def name(self) -> str:
        """The model's name; empty for the page itself."""
        return self.model or ""

    @property
    def record(self) -> Entry:
        """What the page declares of the model."""
        return self.index.models[self.name]

    def result_of(self, claim: Claim) -> Entry:
        """The model's result that a claim stands in."""
        return next(one for one in self.record.results if one.holds(claim.where))

    def collection_of(self, claim: Claim) -> str:
        """The name of the collection that a claim is about: it stands in it, or its model belongs to it."""
        if claim.model is not None:
            return self.sibling(claim.model).collection_name
        return next((name for name, one in self.index.collections.items() if one.holds(claim.where)), "")

    @property
    def network(self) -> Network:
        """The model's network, on `meta`."""
        try:
            return build(self.blueprint)
        except (UnknownModelError, StorageLimitError) as error:
            raise NotHereError(error.missing, error.supply) from None

    @property
    def second_network(self) -> Network | None:
        """The same network by another builder, if that was asked for and there is one."""
        return build_for_cross_check(self.blueprint) if self.resources.cross_check else None

    @property
    def blueprint(self) -> Blueprint:
        """What is known of the network that the model's name stands for."""
        return Blueprint(
            self.name,
            (self.record.text("library") or "").casefold() or None,
            self.references.find_architecture(self.name),
            self.resources.builders,
            self.resources.root or Path(),
        )

    @property
    def image_size(self) -> int:
        """The declared side of the square input image, in pixels."""
        declared = self.record.quantity("image_size")
        if declared is None:
            raise NotHereError("the page declares no image size", "add 'Image Size:' to the model's metadata")
        return int(declared.value)

    @property
    def input_size(self) -> InputSize:
        """The declared image size; else the one that the network is made for, else the usual one."""
        declared = self.record.quantity("image_size")
        if declared is not None:
            return InputSize(int(declared.value), declared=True)
        return InputSize(self.network.image_size or _USUAL_SIZE, declared=False)

    @property
    def trace(self) -> Trace:
        """A forward pass at the declared image size, or at what stands in for it."""
        return self._trace(self.input_size.side)

    @property
    def structure(self) -> Trace:
        """A forward pass at a size that every layer acts on: what the network contains, whatever is declared."""
        return self._trace(self.network.image_size or _USUAL_SIZE)

    def _trace(self, side: int) -> Trace:
        try:
            return trace(self.network, side, side)
        except ForwardError as error:
            told = f"the network takes no image of {side}×{side}: {error}"
            raise NotHereError(told, "declare the image size that it takes") from None
        except StorageLimitError as error:
            raise NotHereError(error.missing, error.supply) from None

    @property
    def reference(self) -> Mapping[str, Any]:
        """The figures published elsewhere for the model."""
        if self.name not in self.references.models:
            missing = "no published figures are on file for this model"
            raise NotHereError(missing, "add them, with their source, to modelindex/references/")
        return self.references.models[self.name]

    @property
    def collection_name(self) -> str:
        """The model's collection; of several the first that something is on file of, if there is one."""
        names = self.record.texts("in_collection")
        return next((name for name in names if name in self.references.collections), names[0] if names else "")

    @property
    def collection(self) -> Mapping[str, Any]:
        """What is published of the model's collection; empty where nothing is on file."""
        return self.references.collections.get(self.collection_name, {})

    @property
    def weights(self) -> WeightsFile:
        """The weights file that the page names."""
        url = self.record.text("weights")
        if not url:
            raise NotHereError("the page names no weights file", "add 'Weights:' to the model")
        return weights_file(url, self.name)

    @property
    def named_by_path(self) -> bool:
        """Whether the model names its weights file by a path, from the file that names it."""
        return is_relative(self.record.text("weights") or "://")

    @property
    def weights_beside(self) -> Path | None:
        """The weights file that the model names by its path, whether it is there or not."""
        value, root = self.record.values.get("weights"), self.resources.root
        return root / Path(value.where.file).parent / value.raw if value and root and self.named_by_path else None

    @property
    def checkpoint(self) -> Path | None:
        """The weights file on this machine, or None: beside its page if it is named so, else in the weights folder."""
        if not self.record.text("weights") or not self.weights.name:
            return None
        if self.named_by_path:
            path = self.weights_beside
        else:
            path = self.resources.weights / self.weights.name if self.resources.weights else None
        return path if path and path.is_file() else None

    @property
    def locked(self) -> Locked | None:
        """What the model's weights file was when it was locked."""
        return self.resources.lock.get((self.index.page.name, self.name))

    @property
    def genuine_checkpoint(self) -> Path | None:
        """The weights file if it is here and its SHA-256 is the one of its lock, and of the digits in its name."""
        path = self.checkpoint
        if path is None:
            return None
        known = self._known_digests
        return path if known and all(sha256(path).startswith(digest) for digest in known) else None

    @property
    def _known_digests(self) -> tuple[str, ...]:
        """What is known beforehand of the file's SHA-256: its first digits, all of it, both, or nothing."""
        known = (self.weights.digest, self.locked.sha256 if self.locked else None)
        return tuple(digest for digest in known if digest)

    @property
    def usable_checkpoint(self) -> Path:
        """The weights file, if it is here and nothing says that it is another than the page names."""
        path = self.checkpoint
        if path is None:
            raise NotHereError(
                "the weights file is not on this machine", "verify fetch, or --weights DIR with the file"
            )
        if self._known_digests and path != self.genuine_checkpoint:
            told = f"the file {path.name} on this machine is another than its name or the lock says"
            raise NotHereError(told, "verify fetch, or see the verdict on weights")
        return path

    def evaluation(self, result: Entry) -> Evaluation | Failure:
        """What evaluating the model on a result's dataset came to. Raises NotHereError with what is missing."""
        found = self.evaluations.get(self.evaluation_key(result))
        if found is None:
            raise NotHereError("the images were not evaluated", "--weights DIR --imagenet DIR")
        if isinstance(found, NotHereError):
            raise found
        return found

    def evaluation_key(self, result: Entry) -> tuple[str, str, str]:
        """By what the evaluation of a result is known; datasets that are not on file by what the page calls them."""
        declared = result.text("dataset")
        return self.index.page.name, self.name, self.references.find_dataset(declared) or declared or ""

    @property
    def recipe(self) -> str:
        """The training recipe of the weights, by the tag in their file name."""
        tag = self.weights.tag
        recipe = self.references.find_recipe(tag)
        if recipe is None:
            told = f"tag {tag!r}" if tag is not None else "name"
            missing = f"the {told} of the weights file names no training recipe on file"
            raise NotHereError(missing, "add the recipe, with its source, to modelindex/references/")
        return recipe
