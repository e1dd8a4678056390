"""Two entries contradict each other about one weights file."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations
from pathlib import PurePosixPath

from harness.project.references import References
from harness.rules.declared_model import (
    MOST_COMPARED,
    DeclaredAccuracy,
    DeclaredModel,
    agree,
    contains_name,
    declared_accuracies,
    fits_float32,
    list_names,
)
from harness.rules.finding import Certainty, Finding
from harness.rules.shared_weights import exact_file_ids

NAME = "one file, two models"

# Networks differ if their parameters, and their FLOPs per pixel, do by more than this factor.
_OTHER_NETWORK = Decimal("1.1")
# Units such as MB have several meanings, which differ by up to 7%.
_SAME_SIZE = Decimal("0.08")
# In percentage points.
_FAR_APART, _NEAR = 10, 1


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Models that name a file named after another one, with the bytes or accuracy of only the other; sizes that differ.

    Not if the models mention each other or have the same name. Of the models with one file, the first fifty are
    compared.
    """
    by_file: dict[str, list[DeclaredModel]] = defaultdict(list)
    for model in models:
        for file in exact_file_ids(model) if model.weights.name else ():
            by_file[file].append(model)
    pairs = {
        (id(first), id(second)): (first, second)
        for sharing in by_file.values()
        for first, second in combinations(sharing[:MOST_COMPARED], 2)
    }
    for first, second in pairs.values():
        if first.mentions(second) or second.mentions(first) or not first.names.isdisjoint(second.names):
            continue
        other, owner = sorted((first, second), key=_name_match)
        has_owner = _name_match(owner) > _name_match(other)
        if has_owner and _holds_only(owner, other):
            yield from _wrong_file(owner, other)
            continue
        if _have_different_sizes(first, second):
            yield from _different_sizes(first, second)
        if apart := _far_apart(owner, other):
            yield _wrong_accuracy(other, owner, apart)
            if not has_owner:
                yield _wrong_accuracy(owner, other, apart)


def _holds_only(owner: DeclaredModel, model: DeclaredModel) -> bool:
    """Whether the bytes that `owner` declares of the file are those of its own parameters, and not of the model's.

    FLOPs must show another network too: otherwise the parameters may be wrong.
    """
    size = owner.quantities.get("file_size")
    if not fits_float32(owner, size) or fits_float32(model, size):
        return False
    ratios = [_ratio(kind, owner, model) for kind in ("parameters", "flops")]
    pixels = _ratio("image_size", owner, model) ** 2
    parameters, flops = ratios[0], ratios[1] / pixels if pixels else 0
    return min(parameters, flops) > _OTHER_NETWORK or 0 < max(parameters, flops) < 1 / _OTHER_NETWORK


def _ratio(kind: str, owner: DeclaredModel, model: DeclaredModel) -> Decimal:
    """The model's value over that of the owner; 0 if one is unknown."""
    values = [one.entry.quantity(kind) for one in (model, owner)]
    return values[0].value / values[1].value if values[0] and values[1] and values[1].value > 0 else Decimal(0)


def _wrong_file(owner: DeclaredModel, model: DeclaredModel) -> Iterator[Finding]:
    """The weights of `model`, which are those of `owner`, and its file size if copied."""
    name, size = list_names([owner], model.page), owner.quantities["file_size"]
    parameters, other_parameters = (one.quantities["parameters"].value for one in (owner, model))
    reason = (
        f"The file {model.weights.name} is that of {name}: its {size.value:.0f} bytes are four for each of the "
        f"{parameters:.0f} parameters of {name}, not of {other_parameters:f}, and the FLOPs of the two differ likewise."
    )
    places, remedy = (owner.where("weights"),), "name this model's own file"
    yield Finding(model.page, model.claim("weights"), NAME, reason, places, remedy, Certainty.FALSE)
    if agree(size, model.quantities.get("file_size")):
        reason = (
            f"{size.value:.0f} bytes are the size of {name}'s file: four for each of its {parameters:.0f} parameters."
        )
        places, remedy = (owner.where("file_size"),), "declare the size of this model's own file"
        yield Finding(model.page, model.claim("file_size"), NAME, reason, places, remedy, Certainty.FALSE)


def _wrong_accuracy(model: DeclaredModel, other: DeclaredModel, apart: Sequence[DeclaredAccuracy]) -> Finding:
    values = " and ".join(f"{accuracy.declared} of {list_names([accuracy.model], model.page)}" for accuracy in apart)
    reason = (
        f"Either {model.weights.name} is not the file of {list_names([model, other], model.page)}, or one of their "
        f"accuracies on {apart[0].dataset} is wrong: one file does not have both {values}."
    )
    places, remedy = tuple(accuracy.where for accuracy in apart), "name each model's own file, or correct the accuracy"
    return Finding(model.page, model.claim("weights"), NAME, reason, places, remedy, Certainty.ONE_OF_TWO)


def _name_match(model: DeclaredModel) -> int:
    """2 if the file's name has that of the model or its configuration; 1 for `resnest101` and `resnest101e`; or 0."""
    label, config = model.weights.label.casefold(), PurePosixPath(model.entry.text("config") or "").stem
    if contains_name(label, model.name) or (config and contains_name(label, config)):
        return 2
    return int(model.name.casefold().startswith(label))


def _far_apart(first: DeclaredModel, second: DeclaredModel) -> tuple[DeclaredAccuracy, ...]:
    """Two accuracies that one file cannot have on one dataset, under any conditions.

    None if the models agree in another accuracy on that dataset: then one of the values is wrong, not the file.
    """
    others = {(accuracy.kind, accuracy.dataset): accuracy for accuracy in declared_accuracies([second])}
    pairs = [
        (accuracy, other)
        for accuracy in declared_accuracies([first])
        if accuracy.dataset and (other := others.get((accuracy.kind, accuracy.dataset)))
    ]
    gaps = [abs(accuracy.percentage - other.percentage) for accuracy, other in pairs]
    if not gaps or max(gaps) <= _FAR_APART or min(gaps) <= _NEAR:
        return ()
    return pairs[gaps.index(max(gaps))]


def _have_different_sizes(first: DeclaredModel, second: DeclaredModel) -> bool:
    sizes = [model.quantities.get("file_size") for model in (first, second)]
    if not all(sizes) or agree(*sizes):
        return False
    smaller, larger = sorted(size.value for size in sizes if size)
    return larger - smaller > _SAME_SIZE * larger or all(size and size.step == 1 for size in sizes)


def _different_sizes(first: DeclaredModel, second: DeclaredModel) -> Iterator[Finding]:
    for model, other in ((first, second), (second, first)):
        size = other.quantities["file_size"].value
        reason = (
            f"One of the two sizes is wrong: {list_names([other], model.page)} names the same file with {size:f} bytes."
        )
        places, remedy = (other.where("file_size"),), "check the size of the file"
        yield Finding(model.page, model.claim("file_size"), NAME, reason, places, remedy, Certainty.SUSPICIOUS)
