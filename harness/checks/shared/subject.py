"""One model with everything that its claims are judged by. Nothing is built or read before a check asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.checks.shared.weights import LocalWeights, addresses_by_file_name, weights_address
from harness.evaluate.evaluation import Evaluation
from harness.evaluate.statistics.scores import Failure
from harness.index.entries import Entry, Index
from harness.index.image_size import ImageSize
from harness.index.weights_url import WeightsFile, weights_file
from harness.measure.operations import ForwardError, Trace
from harness.measure.tracing import trace
from harness.project.lock import Locked
from harness.project.references import References
from harness.project.resources import Resources
from harness.verdict import NotHereError
from harness.zoo import Blueprint, Network, UnknownModelError, build, build_by_other_libraries, build_for_cross_check
from harness.zoo.storage import StorageLimitError

_DEFAULT_SIZE = 224

# The result of an evaluation, or what is missing for it; by page, model and dataset.
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
class Subject:
    """A model of a page and everything that its claims are judged by; the page itself if `model` is None.

    `pages` are all pages of the run, if there are others. Properties raise NotHereError if something is missing on
    this machine, which makes the verdict `not_run`.
    """

    index: Index
    references: References
    resources: Resources
    model: str | None = None
    evaluations: Evaluations = field(default_factory=dict)
    pages: tuple[Index, ...] = ()

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
    def entry(self) -> Entry:
        """What the page declares of the model."""
        return self.index.models[self.name]

    @property
    def network(self) -> Network:
        """The model's network, on `meta`."""
        try:
            return build(self.blueprint)
        except (UnknownModelError, StorageLimitError) as error:
            raise NotHereError(error.missing, error.supply) from None

    @property
    def second_network(self) -> Network | None:
        """The same network from another builder, if `--cross-check` asks for it and there is one."""
        return build_for_cross_check(self.blueprint) if self.resources.cross_check else None

    @property
    def other_networks(self) -> tuple[Network, ...]:
        """The networks that other libraries have under the model's name."""
        return build_by_other_libraries(self.blueprint)

    @property
    def blueprint(self) -> Blueprint:
        """What the builders need to know to build the model."""
        self.require_readable("library")
        return Blueprint(
            self.name,
            (self.entry.text("library") or "").casefold() or None,
            self.references.find_architecture(self.name),
            self.resources.builders,
            self.resources.root or Path(),
            self.resources.run_builders,
        )

    def require_readable(self, kind: str) -> None:
        """Raises NotHereError if the declared value of `kind`, on which other claims depend, has a fault."""
        fault = self.entry.fault(kind)
        if fault:
            raise NotHereError(f"the declared {kind.replace('_', ' ')} cannot be used: {fault.found}", fault.fix)

    @property
    def image_size(self) -> ImageSize | None:
        """The declared size of the input image; None if the page declares none."""
        self.require_readable("image_size")
        return self.entry.image_size

    @property
    def input_size(self) -> ImageSize:
        """The declared image size; otherwise the network's own, or 224."""
        return self.image_size or self._own_size

    @property
    def _own_size(self) -> ImageSize:
        side = self.network.image_size or _DEFAULT_SIZE
        return ImageSize(side, side)

    @property
    def trace(self) -> Trace:
        """A forward pass at the input size."""
        return self._trace(self.input_size)

    @property
    def structure(self) -> Trace:
        """A forward pass at a size that every layer acts on, to see what the network contains."""
        return self._trace(self._own_size, self.entry.image_size)

    @property
    def output(self) -> tuple[int, ...]:
        """The shape of the network's output for one image, of the declared size if the network takes it."""
        return self._trace(self.entry.image_size, self._own_size).output

    def _trace(self, *sizes: ImageSize | None) -> Trace:
        """A forward pass at the first of the sizes that the network takes."""
        errors: list[NotHereError] = []
        for size in dict.fromkeys(filter(None, sizes)):
            try:
                return trace(self.network, size.height, size.width)
            except ForwardError as error:
                missing = f"the network takes no image of {size.height}×{size.width}: {error}"
                errors.append(NotHereError(missing, "declare the image size that it takes"))
            except StorageLimitError as error:
                errors.append(NotHereError(error.missing, error.supply))
        raise errors[0]

    @property
    def reference(self) -> Mapping[str, Any]:
        """The figures published elsewhere for the model."""
        if self.name not in self.references.models:
            missing = "the references have no published figures for this model"
            raise NotHereError(missing, "add them, with their source, to modelindex/references/")
        return self.references.models[self.name]

    @property
    def published_evaluations(self) -> tuple[Mapping[str, Any], ...]:
        """All evaluations of the model that were published elsewhere, with any weights, on any dataset."""
        return tuple(self.references.models.get(self.name, {}).get("evaluations", ()))

    @property
    def collection_name(self) -> str:
        """The model's collection; of several, the first that the references know."""
        names = self.entry.texts("in_collection")
        return next((name for name in names if name in self.references.collections), names[0] if names else "")

    @property
    def collection(self) -> Mapping[str, Any]:
        """What the references know about the model's collection; may be empty."""
        return self.references.collections.get(self.collection_name, {})

    @property
    def weights(self) -> WeightsFile:
        """What the name of the weights file says."""
        self.require_readable("weights")
        url = self.entry.text("weights")
        if not url:
            raise NotHereError("the page names no weights file", "add 'Weights:' to the model")
        return weights_file(url, self.name)

    @property
    def local_weights(self) -> LocalWeights:
        """The weights file on this machine."""
        address, root = weights_address(self.entry, self.resources.root), self.resources.root
        if address is None or not address.parts:
            return LocalWeights(None, (), None)
        digests = (self.weights.digest, self.locked.sha256 if self.locked else None)
        others = addresses_by_file_name(self.pages or (self.index,), root)[address.parts[-1]]
        return LocalWeights(
            address,
            tuple(digest for digest in digests if digest),
            self.resources.weights,
            tuple(other for other in others if other.identity != address.identity),
        )

    @property
    def depends_on_other_pages(self) -> bool:
        """Whether another page can decide whose weights file it is: it has no digest in its name."""
        return self.local_weights.in_folder and self.weights.digest is None

    @property
    def locked(self) -> Locked | None:
        """The model's weights file at the time it was locked."""
        return self.resources.lock.get((self.index.page.name, self.name))

    def evaluation(self, result: Entry) -> Evaluation | Failure:
        """The evaluation of the model on a result's dataset. Raises NotHereError with what is missing for it."""
        evaluation = self.evaluations.get(self.evaluation_key(result))
        if evaluation is None:
            raise NotHereError("the images were not evaluated", "--weights DIR --imagenet DIR")
        if isinstance(evaluation, NotHereError):
            raise evaluation
        return evaluation

    def evaluation_key(self, result: Entry) -> tuple[str, str, str]:
        """The key of a result's evaluation: page, model and dataset. An unknown dataset keeps its declared name."""
        declared = result.text("dataset")
        return self.index.page.name, self.name, self.references.find_dataset(declared) or declared or ""

    @property
    def recipe(self) -> str:
        """The training recipe of the weights, under its name in timm and in published evaluations."""
        name = self.training_recipe
        tag: str | None = self.references.recipes[name].get("tag")
        if tag is None:
            missing = f"no evaluations of weights of the training recipe {name} are in the references"
            raise NotHereError(missing, "add them, with the recipe's tag, to modelindex/references/")
        return tag

    @property
    def training_recipe(self) -> str:
        """The training recipe of the weights, by the address of their file."""
        recipe = self.references.find_recipe(self.entry.text("weights") or self.weights.name)
        if recipe is None:
            missing = "the address of the weights file matches no training recipe in the references"
            raise NotHereError(missing, "add the recipe, with its source, to modelindex/references/")
        return recipe
