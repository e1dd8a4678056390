"""Where things are on a page, found once: a search for each claim would take time quadratic in the page."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar, cast

from harness.checks.shared.subject import Subject
from harness.index.claim import Claim
from harness.index.entries import Entry, Index, Readme
from harness.index.faults import Location
from harness.index.image_size import ImageSize
from harness.measure.operations import Trace
from harness.rules.declared_model import without_numbers
from harness.verdict import NotHereError
from harness.zoo import Blueprint

_PAGES = 16  # a run judges the models of a page one after another
_NETWORKS = 4096  # more than all models of all libraries

_Measured = TypeVar("_Measured")


@lru_cache(_PAGES)
def results(index: Index) -> Mapping[tuple[str, Location], Entry]:
    """The results by model and the location of each of their values."""
    return {
        (name, value.where): result
        for name, model in index.models.items()
        for result in reversed(model.results)
        for value in result.values.values()
    }


@lru_cache(_PAGES)
def collections(index: Index) -> Mapping[Location, str]:
    """The names of collections by the location of each of their values."""
    entries = reversed(index.collections.items())
    return {value.where: name for name, collection in entries for value in collection.values.values()}


@lru_cache(_PAGES)
def readmes(index: Index) -> Mapping[Location, Readme]:
    """The READMEs by the location that names them."""
    return {readme.where: readme for readme in reversed(index.readmes)}


@lru_cache(_PAGES)
def models_by_collection(index: Index) -> Mapping[str, list[str]]:
    """The models of each collection."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, model in index.models.items():
        for collection in dict.fromkeys(model.texts("in_collection")):
            found[collection].append(name)
    return found


@lru_cache(_PAGES)
def collections_by_stem(index: Index) -> Mapping[str, Counter[str]]:
    """How many models declare a collection, by the models' names without numbers."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, model in index.models.items():
        found[without_numbers(name)].update(set(model.texts("in_collection")))
    return found


@lru_cache(_PAGES)
def positions(index: Index) -> Mapping[str, int]:
    """The position of each model on the page, from 0."""
    return {name: position for position, name in enumerate(index.models)}


@lru_cache(_PAGES)
def names(index: Index) -> tuple[str, ...]:
    """The models by position."""
    return tuple(index.models)


@lru_cache(_PAGES)
def image_sizes(index: Index) -> frozenset[ImageSize]:
    """The image sizes that the models declare."""
    declared = (model.image_size for model in index.models.values())
    return frozenset(size for size in declared if size)


@dataclass(frozen=True, slots=True)
class _Structure:
    """A measurement of the network of a subject."""

    measure: Callable[[Trace], Any]
    blueprint: Blueprint
    image_size: ImageSize | None
    subject: Subject = field(compare=False)


def of_structure(measure: Callable[[Trace], _Measured], subject: Subject) -> _Measured:
    """What a function measures in a network: once, as each statement of a page is about all its models.

    Raises NotHereError.
    """
    found = _measured(_Structure(measure, subject.blueprint, subject.entry.image_size, subject))
    if isinstance(found, NotHereError):
        raise NotHereError(found.missing, found.supply)
    return cast("_Measured", found)


@lru_cache(_NETWORKS)
def _measured(structure: _Structure) -> Any:
    try:
        return structure.measure(structure.subject.structure)
    except NotHereError as error:
        return error


def result_of(claim: Claim, subject: Subject) -> Entry:
    """The model's result that contains a claim."""
    return results(subject.index)[subject.name, claim.where]


def collection_of(claim: Claim, subject: Subject) -> str:
    """The name of the collection that a claim is about: the one that contains it, or its model's."""
    if claim.model is not None:
        return subject.sibling(claim.model).collection_name
    return collections(subject.index).get(claim.where, "")
