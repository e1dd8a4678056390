"""A model of a page, as the rules read it, and the figures of its results."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.index.claim import ClaimKey
from harness.index.entries import Entry, Index, Value
from harness.index.faults import Location
from harness.index.quantity import Quantity
from harness.index.weights_url import WeightsFile, weights_file

_QUANTITIES = ("parameters", "flops", "file_size")
ACCURACIES = ("accuracy", "top_1_accuracy", "top_5_accuracy")

# What names, values and comments say of files that hold their numbers in less than float32.
IN_FEWER_BITS = re.compile(r"quant|int\d|\b[48]-?bits?\b|fp8|nf4|gptq|awq|gguf|ggml|sparse", re.IGNORECASE)
IN_HALF_PRECISION = re.compile(r"fp16|bf16|float16|half", re.IGNORECASE)

# What says which entry it is, or holds names of other things.
ENTRY = frozenset({"name", "id", "weights", "code", "config", "in_collection"})
_NO_MENTION = ENTRY | {"architecture"}
# Of many models that speak against a claim, so many are named, and so many of their places.
MOST_PLACES = 20
_MOST_SHOWN = 8
_NOTHING = {"null", "Null", "NULL", "~"}


@dataclass(frozen=True, slots=True)
class DeclaredModel:
    """A model of a page: its name and what is declared of it.

    `names` are those of its architecture, `Name` and `ID`, without regard to case. `quantities` are its numbers above
    zero by kind: parameters, FLOPs and file size, as far as they are declared. `weights` is what the address of its
    weights file says; its name is empty where none is declared. `said` is what its values and comments say without
    regard to case, but for values that hold names for other ends.
    """

    page: str
    name: str
    record: Entry
    names: frozenset[str]
    quantities: Mapping[str, Quantity]
    weights: WeightsFile
    said: str

    def quantity(self, kind: str) -> Quantity | None:
        """The declared number of a kind; None where it is not declared, or no number above zero."""
        return self.quantities.get(kind)

    def values(self) -> Iterator[tuple[str, Value]]:
        """What it declares by kind, its results included; of several results a kind comes several times."""
        for record in (self.record, *self.record.results):
            yield from record.values.items()

    def where(self, kind: str) -> Location:
        """Where a kind that is declared stands."""
        return self.record.values[kind].where

    def claim(self, kind: str) -> ClaimKey:
        """By what the claim of a kind that is declared is known."""
        return self.name, kind, self.where(kind)

    @property
    def collection(self) -> str:
        """The name of its collection; of a model in none, its page's."""
        return self.record.text("in_collection") or self.page

    def mentions(self, other: "DeclaredModel") -> bool:
        """Whether a value or comment names another model; not in a value that holds names for other ends."""
        if other.name.casefold() not in self.said:
            return False
        return re.search(rf"(?<![\w-]){re.escape(other.name.casefold())}(?![\w-])", self.said) is not None

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether its names, a value or a comment of the entry says something."""
        texts = (self.name, self.record.text("id") or "", self.weights.name, self.said)
        return any(pattern.search(text) for text in texts)


@dataclass(frozen=True, slots=True)
class DeclaredAccuracy:
    """An accuracy that one of a model's results declares."""

    entry: DeclaredModel
    result: Entry
    kind: str
    quantity: Quantity

    @property
    def where(self) -> Location:
        """Where it stands."""
        return self.result.values[self.kind].where

    @property
    def claim(self) -> ClaimKey:
        """By what its claim is known."""
        return self.entry.name, self.kind, self.where

    @property
    def dataset(self) -> str | None:
        """What the result calls its dataset."""
        return self.result.text("dataset")

    @property
    def may_be_fraction(self) -> bool:
        """Whether it may mean a part of one: written without a percent sign, and at most 1."""
        return not self.quantity.percent and self.quantity.value <= 1


def entries(indexes: Iterable[Index]) -> tuple[DeclaredModel, ...]:
    """All models of all pages."""
    return tuple(_entry(index.page.name, name, record) for index in indexes for name, record in index.models.items())


def _entry(page: str, name: str, record: Entry) -> DeclaredModel:
    parsed = {kind: record.quantity(kind) for kind in _QUANTITIES}
    quantities = {kind: quantity for kind, quantity in parsed.items() if quantity and quantity.value > 0}
    address = record.text("weights") or ""
    said = " ".join(
        value.comment if kind in _NO_MENTION else f"{value.raw} {value.comment}"
        for one in (record, *record.results)
        for kind, value in one.values.items()
    )
    file = weights_file("" if address in _NOTHING else address, name)
    names = frozenset(one.casefold() for one in (name, record.text("id")) if one)
    return DeclaredModel(page, name, record, names, quantities, file, said.casefold())


def figures(models: Iterable[DeclaredModel]) -> Iterator[DeclaredAccuracy]:
    """Every accuracy of every result of the models."""
    for entry in models:
        for result in entry.record.results:
            for kind in ACCURACIES:
                quantity = result.quantity(kind)
                if quantity is not None:
                    yield DeclaredAccuracy(entry, result, kind, quantity)


def shown(models: Iterable[DeclaredModel], page: str) -> str:
    """The names of models, the first few; of those on other pages than `page`, also which."""
    names = [one.name if one.page == page else f"{one.name} ({one.page})" for one in models]
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return f"{', '.join(names[:_MOST_SHOWN])}{more}"


def holds(text: str, name: str) -> bool:
    """Whether a name's words stand in a text, whatever their case: `resnet50` in `tv_resnet50`, not in `resnet50d`."""
    return re.search(rf"(?<![a-z0-9]){re.escape(name.casefold())}(?![a-z0-9])", text.casefold()) is not None


def by_name(models: Iterable[DeclaredModel]) -> dict[str, DeclaredModel]:
    """Models by their names, without regard to case."""
    return {one.name.casefold(): one for one in models}


def named_after(file: WeightsFile, models: Mapping[str, DeclaredModel]) -> DeclaredModel | None:
    """The model, of those by name, whose name a file's begins with, the longest: `net_50` of `net_50_ra-1a2b3c4d.pth`.

    A name ends where a word does: `net_50d-1a2b3c4d.pth` is not named after `net_50`.
    """
    label = file.label.casefold()
    ends = (end for end in range(len(label), 0, -1) if end == len(label) or not label[end - 1 : end + 1].isalnum())
    return next((models[label[:end]] for end in ends if label[:end] in models), None)


def agree(one: Quantity | None, other: Quantity | None) -> bool:
    """Whether one number rounds to both."""
    return one is not None and other is not None and abs(one.value - other.value) * 2 <= one.step + other.step


def without_numbers(name: str) -> str:
    """What names of one family have in common: `regnety_#` of `regnety_002`."""
    return re.sub(r"[0-9]+", "#", name.casefold())


def may_be_one_network(one: DeclaredModel, other: DeclaredModel) -> bool:
    """Whether two models may be variants of one: `tv_resnet50` and `resnet50`; `b3` and `b3a`, if of equal size."""
    if one.names & other.names or holds(one.name, other.name) or holds(other.name, one.name):
        return True
    shorter, longer = sorted((one.name.casefold(), other.name.casefold()), key=len)
    return longer.startswith(shorter) and agree(one.quantity("parameters"), other.quantity("parameters"))
