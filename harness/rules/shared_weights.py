"""Two models share one weights file, and neither entry says so."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from harness.index.weights_url import is_relative
from harness.project.references import References
from harness.rules.declared_model import (
    MOST_COMPARED,
    MOST_PLACES,
    NAMING_KINDS,
    DeclaredModel,
    by_name,
    list_names,
    named_after,
)
from harness.rules.finding import Certainty, Finding

NAME = "weights file shared"

_REMEDY = "name each model's own file, or say in one of the entries, for example in a comment, that they share it"
_DATE = re.compile(r"(19|20)[0-9]{6}")
_CONDITIONS = ("image_size", "crop_pct", "interpolation")
# All other kinds describe the network and its training.
_NOT_OF_NETWORK = NAMING_KINDS | {*_CONDITIONS, "flops"}


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """The models that the file is not named after; all of them, if it is named after none, or each has a copy.

    Not if the models are one network, evaluated under several conditions. Of the models with one file, each is compared
    with the first fifty.
    """
    models = [model for model in models if model.weights.name]
    names = by_name(models)
    by_file: dict[str, list[int]] = defaultdict(list)
    for index, model in enumerate(models):
        for file in _file_ids(model, names):
            by_file[file].append(index)
    sharing: dict[int, set[int]] = defaultdict(set)
    for indices in by_file.values():
        for index in indices:
            sharing[index].update(indices[:MOST_COMPARED], [index])
    uses = [_Use(model, _network(model), _evaluation(model)) for model in models]
    allowed = {
        index: {other for other in group if _may_share(uses[index], uses[other])} for index, group in sharing.items()
    }
    is_own = {index: _is_own(models[index], [models[other] for other in group]) for index, group in allowed.items()}
    for index, model in enumerate(models):
        others = sorted(sharing[index] - allowed[index])
        if others and (not is_own[index] or any(is_own[other] for other in others)):
            verb = "names" if len(others) == 1 else "name"
            other_names = list_names((models[other] for other in others), model.page)
            reason = f"{other_names} {verb} the same file, {model.weights.name}, and no entry says why."
            places = tuple(models[other].where("weights") for other in others[:MOST_PLACES])
            yield Finding(model.page, model.claim("weights"), NAME, reason, places, _REMEDY, Certainty.SUSPICIOUS)


def _is_own(model: DeclaredModel, allowed: Sequence[DeclaredModel]) -> bool:
    """Whether a model's file is named after it or one that may share it; `resnest101` counts for `resnest101e`."""
    names, label = by_name(allowed), model.weights.label.casefold()
    return named_after(model.weights, names) is not None or any(name.startswith(label) for name in names)


def _file_ids(model: DeclaredModel, models: Mapping[str, DeclaredModel]) -> Iterator[str]:
    """What identifies the file: its address, its digest, and on one page its name, if it begins with a model's."""
    yield from exact_file_ids(model)
    if named_after(model.weights, models):
        yield f"{model.page} {model.weights.name}"


def exact_file_ids(model: DeclaredModel) -> Iterator[str]:
    """The address of its file, and the digest in the file's name."""
    address, digest = model.entry.text("weights") or "", model.weights.digest
    parts = urlsplit(address)
    yield str(PurePosixPath(model.page).parent / address) if is_relative(address) else parts.netloc + parts.path
    if digest and not _DATE.fullmatch(digest):
        yield digest[:8]


@dataclass(frozen=True, slots=True)
class _Use:
    """A model, what is declared of its network and training, and of its evaluation."""

    model: DeclaredModel
    network: dict[str, str]
    evaluation: list[str | None]


def _may_share(first: _Use, second: _Use) -> bool:
    """Whether the entries explain the shared file: they mention each other, or evaluate one network in two ways."""
    if not first.model.names.isdisjoint(second.model.names) or first.model.mentions(second.model):
        return True
    if first.evaluation != second.evaluation and first.network == second.network:
        return True
    return second.model.mentions(first.model)


def _network(model: DeclaredModel) -> dict[str, str]:
    return {kind: value.raw for kind, value in model.entry.values.items() if kind not in _NOT_OF_NETWORK}


def _evaluation(model: DeclaredModel) -> list[str | None]:
    results = sorted(f"{result.text('task')} {result.text('dataset')}" for result in model.entry.results)
    return [*(model.entry.text(kind) for kind in _CONDITIONS), *results]
