"""One model with what can be had of it here; nothing is built or read until a check asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.index.quantity import parse_quantity
from harness.index.records import Index, Record
from harness.index.weights_url import WeightsFile, weights_file
from harness.measure.operations import Trace, trace
from harness.project import Resources
from harness.references import References
from harness.verdict import NotHereError
from harness.zoo import FAMILIES, Network, build, family_of

_USUAL_SIZE = 224


class Need(StrEnum):
    """What a check asks of its subject."""

    PAGE = "page"
    REFERENCE = "reference"
    NETWORK = "network"
    WEIGHTS = "weights file"
    SOURCE = "source repository"
    IMAGES = "images"


@dataclass(frozen=True, slots=True)
class Subject:
    """A model of a page (or the page itself, where `model` is None) and everything to judge its claims by.

    Properties raise NotHereError where something is missing, which makes the verdict `not_run`.
    """

    index: Index
    references: References
    resources: Resources
    model: str | None = None

    def sibling(self, model: str) -> "Subject":
        """Another model of the same page."""
        return Subject(self.index, self.references, self.resources, model)

    @property
    def models(self) -> tuple["Subject", ...]:
        """All models of the page."""
        return tuple(map(self.sibling, self.index.models))

    @property
    def name(self) -> str:
        """The model's name; empty for the page itself."""
        return self.model or ""

    @property
    def record(self) -> Record:
        """What the page declares of the model."""
        return self.index.models[self.name]

    @property
    def network(self) -> Network:
        """The model's network, on `meta`."""
        if family_of(self.name) is None:
            known = ", ".join(family.name for family in FAMILIES)
            missing = f"no family builds {self.name}; there is {known}"
            raise NotHereError(missing, "check the name, or add the family to harness/zoo")
        return build(self.name)

    @property
    def image_size(self) -> int:
        """The declared side of the square input image, in pixels."""
        declared = parse_quantity(self.record.text("image_size") or "")
        if declared is None:
            raise NotHereError("the page declares no image size", "add 'Image Size:' to the model's metadata")
        return int(declared.value)

    @property
    def trace(self) -> Trace:
        """A forward pass at the declared image size."""
        return trace(self.network, self.image_size, self.image_size)

    @property
    def structure(self) -> Trace:
        """A forward pass at a size that every layer acts on: what the network contains, whatever is declared."""
        return trace(self.network, _USUAL_SIZE, _USUAL_SIZE)

    @property
    def reference(self) -> Mapping[str, Any]:
        """The figures published elsewhere for the model."""
        if self.name not in self.references.models:
            missing = f"no published figures are on file for {self.name}"
            raise NotHereError(missing, "add them, with their source, to modelindex/references/")
        return self.references.models[self.name]

    @property
    def collection(self) -> Mapping[str, Any]:
        """What is published of the model's collection; empty where nothing is on file."""
        return self.references.collections.get(self.record.text("in_collection") or "", {})

    @property
    def weights(self) -> WeightsFile:
        """The weights file that the page names."""
        url = self.record.text("weights")
        if not url:
            raise NotHereError("the page names no weights file", "add 'Weights:' to the model")
        return weights_file(url, self.name)

    @property
    def checkpoint(self) -> Path | None:
        """The weights file on this machine, or None."""
        folder = self.resources.weights
        if folder is None or not self.record.text("weights") or not self.weights.name:
            return None
        path = folder / self.weights.name
        return path if path.is_file() else None

    @property
    def recipe(self) -> str:
        """The training recipe of the weights, by the tag in their file name."""
        tag = self.weights.tag
        recipe = self.references.recipe_tagged(tag)
        if recipe is None:
            told = f"tag {tag!r}" if tag is not None else "name"
            missing = f"the {told} of {self.weights.name} names no training recipe on file"
            raise NotHereError(missing, "add the recipe, with its source, to modelindex/references/")
        return recipe
