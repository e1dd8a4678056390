"""Two models share one weights file, and neither entry says so."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from harness.index.weights_url import is_relative
from harness.project.references import References
from harness.rules.declared_model import ENTRY, MOST_PLACES, DeclaredModel, by_name, named_after, shown
from harness.rules.finding import Finding

NAME = "weights file shared"

_REMEDY = "name each model's own file, or say in one of the entries, in a comment for example, that they share it"
_NAMES = {False: "names", True: "name"}
_DATE = re.compile(r"(19|20)[0-9]{6}")
_CONDITIONS = ("image_size", "crop_pct", "interpolation")
# All else is about the network and its training.
_EVALUATION = ENTRY | {*_CONDITIONS, "flops"}


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Against the models that the file is not named after; against all, where it is after none or each has a copy.

    Not where the models are one network, evaluated under several conditions.
    """
    models = [entry for entry in models if entry.weights.name]
    names = by_name(models)
    sharing: dict[str, list[int]] = defaultdict(list)
    for number, entry in enumerate(models):
        for identity in _identities(entry, names):
            sharing[identity].append(number)
    same: dict[int, set[int]] = defaultdict(set)
    for numbers in sharing.values():
        for number in numbers:
            same[number].update(numbers)
    uses = [_Use(entry, _network(entry), _evaluated(entry)) for entry in models]
    kin = {number: {one for one in group if _told(uses[number], uses[one])} for number, group in same.items()}
    is_own = {number: _is_of(models[number], [models[one] for one in group]) for number, group in kin.items()}
    for number, entry in enumerate(models):
        others = sorted(same[number] - kin[number])
        if others and (not is_own[number] or any(is_own[other] for other in others)):
            told = shown((models[other] for other in others), entry.page)
            reason = f"{told} {_NAMES[len(others) > 1]} the same file, and no entry says why."
            places = tuple(models[other].where("weights") for other in others[:MOST_PLACES])
            yield Finding(entry.page, entry.claim("weights"), NAME, reason, places, _REMEDY, to_blame=True)


def _is_of(entry: DeclaredModel, kin: Sequence[DeclaredModel]) -> bool:
    """Whether a model's file is named after it, or one that rightly shares it; `resnest101` is after `resnest101e`."""
    names, label = by_name(kin), entry.weights.label.casefold()
    return named_after(entry.weights, names) is not None or any(name.startswith(label) for name in names)


def _identities(entry: DeclaredModel, models: Mapping[str, DeclaredModel]) -> Iterator[str]:
    """What only one file has: its address, its digest, and on a page its name, if that is a model's and so tells it."""
    address, file = entry.record.text("weights") or "", entry.weights
    parts = urlsplit(address)
    yield str(PurePosixPath(entry.page).parent / address) if is_relative(address) else parts.netloc + parts.path
    if file.digest and not _DATE.fullmatch(file.digest):
        yield file.digest[:8]
    if named_after(file, models):
        yield f"{entry.page} {file.name}"


@dataclass(frozen=True, slots=True)
class _Use:
    """A model, what is declared of its network and training, and how and on what it is evaluated."""

    entry: DeclaredModel
    network: dict[str, str]
    evaluated: list[str | None]


def _told(one: _Use, other: _Use) -> bool:
    """Whether the entries say why they name one file: in words, or as one network that is evaluated in two ways."""
    if not one.entry.names.isdisjoint(other.entry.names) or one.entry.mentions(other.entry):
        return True
    if one.evaluated != other.evaluated and one.network == other.network:
        return True
    return other.entry.mentions(one.entry)


def _network(entry: DeclaredModel) -> dict[str, str]:
    return {kind: value.raw for kind, value in entry.record.values.items() if kind not in _EVALUATION}


def _evaluated(entry: DeclaredModel) -> list[str | None]:
    on = sorted(f"{result.text('task')} {result.text('dataset')}" for result in entry.record.results)
    return [*(entry.record.text(kind) for kind in _CONDITIONS), *on]
