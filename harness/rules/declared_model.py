"""Models and accuracies as the pages declare them, in the form that the rules read."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from harness.index.claim import ClaimKey
from harness.index.entries import Entry, Index, Value
from harness.index.faults import Location
from harness.index.quantity import Quantity
from harness.index.weights_url import WeightsFile, weights_file

_QUANTITIES = ("parameters", "flops", "file_size")
ACCURACIES = ("accuracy", "top_1_accuracy", "top_5_accuracy")

# Words in names, values and comments of files whose numbers are smaller than float32.
QUANTIZED = re.compile(r"quant|int\d|\b[48]-?bits?\b|fp8|nf4|gptq|awq|gguf|ggml|sparse", re.IGNORECASE)
HALF_PRECISION = re.compile(r"fp16|bf16|float16|half", re.IGNORECASE)

# Kinds that identify an entry, or hold names of other things.
NAMING_KINDS = frozenset({"name", "id", "weights", "code", "config", "in_collection"})
# The most places that a finding lists, and the most names in a message.
MOST_PLACES = 20
# The most other models that a model is compared with, in a rule that compares a group in pairs.
MOST_COMPARED = 50
# The most characters that are compared of values, and of file names, which file systems limit to 255.
_MAX_TEXT, _MAX_FILE_NAME = 10_000, 255
_MOST_NAMES = 8
# The size of a float32 file over that of its parameters: buffers, names and alignment add a few percent.
_LEAST_RATIO, _MOST_RATIO = Decimal("0.98"), Decimal("1.1")
_NULLS = {"null", "Null", "NULL", "~"}


@dataclass(frozen=True, slots=True)
class DeclaredModel:
    """A model of a page: its name and what is declared of it.

    `names` are its `Name` and `ID` in lower case. `quantities` are its declared numbers above zero by kind: parameters,
    FLOPs and file size. `weights` is parsed from the address of the weights file; its name is empty if none is
    declared. `text` holds the values and comments in lower case, without values that are names.
    """

    page: str
    name: str
    entry: Entry
    names: frozenset[str]
    quantities: Mapping[str, Quantity]
    weights: WeightsFile
    text: str

    def values(self) -> Iterator[tuple[str, Value]]:
        """The declared values by kind, with those of its results; a kind may occur several times."""
        for entry in (self.entry, *self.entry.results):
            yield from entry.values.items()

    def where(self, kind: str) -> Location:
        """The place of a declared kind."""
        return self.entry.values[kind].where

    def claim(self, kind: str) -> ClaimKey:
        """The key of the claim of a declared kind."""
        return self.name, kind, self.where(kind)

    @property
    def collection(self) -> str:
        """The name of its collection; without one, that of its page."""
        return self.entry.text("in_collection") or self.page

    def mentions(self, other: "DeclaredModel") -> bool:
        """Whether its text contains the name of another model."""
        return _contains_word(
            self.text, other.name.casefold(), lambda character: character.isalnum() or character in "_-"
        )

    def matches(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern occurs in its names, values or comments."""
        texts = (self.name, self.entry.text("id") or "", self.weights.name, self.text)
        return any(pattern.search(text) for text in texts)


@dataclass(frozen=True, slots=True)
class DeclaredAccuracy:
    """An accuracy that a result of a model declares."""

    model: DeclaredModel
    result: Entry
    kind: str
    quantity: Quantity

    @property
    def where(self) -> Location:
        """The place of the value."""
        return self.result.values[self.kind].where

    @property
    def claim(self) -> ClaimKey:
        """The key of its claim."""
        return self.model.name, self.kind, self.where

    @property
    def dataset(self) -> str | None:
        """The name of the dataset on the page."""
        return self.result.text("dataset")

    @property
    def declared(self) -> str:
        """The value as written on the page."""
        return self.quantity.raw.strip()

    @property
    def may_be_fraction(self) -> bool:
        """Whether it may be a fraction of one: at most 1, and written without a percent sign."""
        return not self.quantity.percent and self.quantity.value <= 1

    @property
    def percentage(self) -> Decimal:
        """The value in percent; a number that may be a fraction is taken for one."""
        return self.quantity.value * self._scale

    @property
    def half_step(self) -> Decimal:
        """The most that rounding changed, in percentage points."""
        return self.quantity.step * self._scale / 2

    @property
    def _scale(self) -> int:
        return 100 if self.may_be_fraction else 1


def declared_models(indexes: Iterable[Index]) -> tuple[DeclaredModel, ...]:
    """All models of all pages."""
    return tuple(_model(index.page.name, name, entry) for index in indexes for name, entry in index.models.items())


def _model(page: str, name: str, entry: Entry) -> DeclaredModel:
    parsed = {kind: entry.quantity(kind) for kind in _QUANTITIES}
    quantities = {kind: quantity for kind, quantity in parsed.items() if quantity and quantity.value > 0}
    address = entry.text("weights") or ""
    text = " ".join(
        value.comment if kind in {*NAMING_KINDS, "architecture"} else f"{value.raw} {value.comment}"
        for part in (entry, *entry.results)
        for kind, value in part.values.items()
    )[:_MAX_TEXT]
    file = weights_file("" if address in _NULLS else address, name)
    names = frozenset(label.casefold() for label in (name, entry.text("id")) if label)
    return DeclaredModel(page, name, entry, names, quantities, file, text.casefold())


def declared_accuracies(models: Iterable[DeclaredModel]) -> Iterator[DeclaredAccuracy]:
    """Every accuracy of every result of the models."""
    for model in models:
        for result in model.entry.results:
            for kind in ACCURACIES:
                quantity = result.quantity(kind)
                if quantity is not None:
                    yield DeclaredAccuracy(model, result, kind, quantity)


def join_first(texts: Iterable[str], most: int = _MOST_NAMES) -> str:
    """The first texts with commas, and the number of the others."""
    first = list(texts)
    more = f" and {len(first) - most} more" if len(first) > most else ""
    return f"{', '.join(first[:most])}{more}"


def list_names(models: Iterable[DeclaredModel], page: str) -> str:
    """The names of the first models; for models on other pages than `page`, also the page."""
    return join_first(model.name if model.page == page else f"{model.name} ({model.page})" for model in models)


def contains_name(text: str, name: str) -> bool:
    """Whether a text contains a name as a word, in any case: `tv_resnet50` contains `resnet50`, `resnet50d` not."""
    return _contains_word(
        text.casefold(), name.casefold(), lambda character: character.isascii() and character.isalnum()
    )


def _contains_word(text: str, word: str, is_part: Callable[[str], bool]) -> bool:
    """Whether a text contains a word with no part of a word beside it. A pattern per word would be slow to compile."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not any(map(is_part, text[max(0, start - 1) : start] + text[end : end + 1])):
            return True
        start = text.find(word, start + 1)
    return False


def by_name(models: Iterable[DeclaredModel]) -> dict[str, DeclaredModel]:
    """Models by their names in lower case."""
    return {model.name.casefold(): model for model in models}


def named_after(file: WeightsFile, models: Mapping[str, DeclaredModel]) -> DeclaredModel | None:
    """The model with the longest name that a file's name begins with: `net_50` for `net_50_ra-1a2b3c4d.pth`.

    The name must end where a word ends: `net_50d-1a2b3c4d.pth` is not named after `net_50`.
    """
    label = file.label.casefold()[: _MAX_FILE_NAME + 1]
    ends = (end for end in range(len(label), 0, -1) if end == len(label) or not label[end - 1 : end + 1].isalnum())
    return next((models[label[:end]] for end in ends if label[:end] in models), None)


def agree(first: Quantity | None, second: Quantity | None) -> bool:
    """Whether one number rounds to both."""
    if first is None or second is None:
        return False
    return abs(first.value - second.value) * 2 <= first.step + second.step


def fits_float32(model: DeclaredModel, size: Quantity | None) -> bool:
    """Whether a file of this size has four bytes for each of the model's parameters, and at most a tenth besides.

    False if one of the two is not declared.
    """
    parameters = model.quantities.get("parameters")
    if size is None or parameters is None:
        return False
    return _LEAST_RATIO <= size.value / 4 / parameters.value <= _MOST_RATIO


def without_numbers(name: str) -> str:
    """The common part of the names in a family: `regnety_#` for `regnety_002`."""
    return re.sub(r"[0-9]+", "#", name.casefold())


def may_be_one_network(first: DeclaredModel, second: DeclaredModel) -> bool:
    """Whether two models may be variants of one: `tv_resnet50` and `resnet50`; `b3` and `b3a`, if of equal size."""
    if first.names & second.names or contains_name(first.name, second.name) or contains_name(second.name, first.name):
        return True
    shorter, longer = sorted((first.name.casefold(), second.name.casefold()), key=len)
    return longer.startswith(shorter) and agree(first.quantities.get("parameters"), second.quantities.get("parameters"))
