"""One architecture stands for different numbers of parameters."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice

from harness.project.references import References
from harness.rules.declared_model import MOST_PLACES, DeclaredModel, agree, fits_float32, list_names
from harness.rules.finding import Certainty, Finding

NAME = "one architecture, different parameters"

_RESOLUTION = re.compile(r"(.+)[_-]([0-9]{2,4})(?:px)?")
# Embeddings of positions, and layers that mix positions, grow with the resolution.
_OF_POSITIONS = Decimal("0.1")


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Both of two models with the same `Name` or `ID` whose declared parameters do not round to each other.

    Also of two models of a collection whose names differ only in the resolution. A model is compared with the first
    twenty others.
    """
    by_name: dict[object, list[DeclaredModel]] = defaultdict(list)
    for model in models:
        if "parameters" in model.quantities:
            for name in model.names:
                by_name[name].append(model)
            by_name[model.page, model.collection, _without_resolution(model)].append(model)
    reported = set()
    for same in by_name.values():
        for model in same:
            for other in islice((other for other in same if other is not model), MOST_PLACES):
                pair = model.claim("parameters"), other.claim("parameters")
                if pair not in reported and (found := _finding(model, other)):
                    reported.add(pair)
                    yield found


def _without_resolution(model: DeclaredModel) -> str:
    """The name in lower case, without the model's own image size at its end."""
    name, size = model.name.casefold(), model.entry.quantity("image_size")
    match = _RESOLUTION.fullmatch(name)
    return match[1] if match and size and size.value == int(match[2]) else name


def _finding(model: DeclaredModel, other: DeclaredModel) -> Finding | None:
    if agree(*(one.quantities["parameters"] for one in (model, other))):
        return None
    own, others = model.entry.text("parameters"), other.entry.text("parameters")
    either = f"Either {own} or the {others} of {list_names([other], model.page)} is wrong:"
    if not model.names.isdisjoint(other.names):
        same_task = model.page == other.page and _datasets(model) == _datasets(other) != set()
        certainty = Certainty.ONE_OF_TWO if same_task else Certainty.SUSPICIOUS
        reason = f"{either} both are parameters of the same architecture."
    elif _have_equal_sizes(model, other):
        size = model.quantities["file_size"]
        fit = fits_float32(model, size), fits_float32(other, size)
        if fit == (True, False):
            return None
        certainty = Certainty.FALSE if fit == (False, True) else Certainty.ONE_OF_TWO
        reason = f"{either} the names differ only in the resolution, and both files have {size.value:.0f} bytes."
        if certainty is Certainty.FALSE:
            reason += f" They are four for each of {others}."
    elif _differ_by_more_than_positions(model, other):
        certainty = Certainty.SUSPICIOUS
        reason = f"{either} the names differ only in the resolution."
    else:
        return None
    place, remedy = other.where("parameters"), "check both, or rename one of the two"
    return Finding(model.page, model.claim("parameters"), NAME, reason, (place,), remedy, certainty)


def _datasets(model: DeclaredModel) -> set[str | None]:
    return {result.text("dataset") for result in model.entry.results}


def _have_equal_sizes(first: DeclaredModel, second: DeclaredModel) -> bool:
    """Whether both declare the same file size, to the byte."""
    sizes = [model.quantities.get("file_size") for model in (first, second)]
    return all(size and size.step == 1 for size in sizes) and agree(*sizes)


def _differ_by_more_than_positions(first: DeclaredModel, second: DeclaredModel) -> bool:
    smaller, larger = sorted(model.quantities["parameters"].value for model in (first, second))
    return larger - smaller > _OF_POSITIONS * larger
