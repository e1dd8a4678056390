"""What the standard fields of a model-index may hold, each by its kind; any other field is free.

Standard are the fields that paperswithcode/model-index documents (docs/2_datamodels, commit 91c85b3) and those that
published zoos share. Their names are read without regard to case, spaces and underscores, as that library does.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from harness.index.document import Mapping as MappingNode
from harness.index.document import Node, Scalar, Sequence
from harness.index.quantity import Dimension, Quantity, parse_quantity

_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field may hold: the test of its node, how that is called, and how a fault is mended."""

    holds: Callable[[Node], bool]
    expected: str
    mend: str


def _number(least: int, most: int | None, *dimensions: Dimension, whole: bool = False) -> Callable[[Node], bool]:
    """Whether a node writes a number from `least` up to `most`, with a unit of one of these dimensions or none."""

    def holds(node: Node) -> bool:
        quantity = _quantity(node)
        if quantity is None or quantity.dimension not in {Dimension.NONE, *dimensions}:
            return False
        # Binary units make fractions of bytes: 16.8 MiB.
        formed = not whole or quantity.unit or quantity.value == int(quantity.value)
        return bool(formed) and least <= quantity.value and (most is None or quantity.value <= most)

    return holds


def _quantity(node: Node) -> Quantity | None:
    return parse_quantity(node.raw) if isinstance(node, Scalar) else None


def _fraction(node: Node) -> bool:
    quantity = _quantity(node)
    return quantity is not None and not quantity.unit and 0 < quantity.value <= 1


def is_text(node: Node) -> bool:
    """Whether a node is text that is not empty, and not one that YAML reads as a number, a date or nothing."""
    return isinstance(node, Scalar) and bool(node.raw) and (not node.plain or node.tag == "str")


def is_nothing(node: Node) -> bool:
    """Whether a node is null or an empty text, which declares nothing."""
    return isinstance(node, Scalar) and (not node.raw or (node.plain and node.tag == "null"))


def _texts(node: Node) -> bool:
    if isinstance(node, Sequence):
        return bool(node.items) and all(map(is_text, node.items))
    return is_text(node)


def _matching(pattern: str) -> Callable[[Node], bool]:
    compiled = re.compile(pattern)
    return lambda node: is_text(node) and isinstance(node, Scalar) and bool(compiled.fullmatch(node.raw))


_URL = r"https?://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?([/?#]\S*)?"
_WEIGHTS_FILE = (
    r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.+@=/-]*\.(pth|pt|pth\.tar|bin|safetensors|pkl|ckpt|onnx|tar|npz|h5|th|zip)"
)

_COUNT_MEND = "write the count, such as 255754236 or 3.16 M"
COUNT = Rule(_number(1, None, whole=True), "a positive whole number", _COUNT_MEND)
PARAMETERS, OPERATIONS, BYTES = (
    Rule(_number(1, None, *dimensions, whole=True), COUNT.expected, COUNT.mend)
    for dimensions in (
        (Dimension.COUNT, Dimension.PARAMETERS),
        (Dimension.COUNT, Dimension.OPERATIONS),
        (Dimension.BYTES,),
    )
)
AMOUNT = Rule(_number(0, None), "a number, zero or more", "write a plain number, such as 0.9 or 5.0e-05")
FRACTION = Rule(_fraction, "a fraction above 0 and up to 1", "write a fraction, such as 0.875")
PERCENT = Rule(_number(0, 100, Dimension.PERCENT), "a percentage from 0 to 100", "write a percentage, such as 70.28%")
SIZE = Rule(
    _number(1, 16384, whole=True),
    "a size in pixels, 1 to 16384",
    "write the side of the square image, such as 224",
)
TEXT = Rule(is_text, "text", "write text here; quote it if it looks like a number")
TEXTS = Rule(_texts, "text or a list of texts", "write one text, or a list with one text an item")
NAME = Rule(
    _matching(r"(?!(?i:readme|page)$)[A-Za-z0-9][A-Za-z0-9 _.+@=,:;()\[\]/#&'*~-]{0,199}"),
    "a name of letters, digits, spaces and _ . + @ = , : ; ( ) [ ] / # & ' * ~ -, beginning with a letter or digit, "
    "other than README and page",
    "rename the model; its name becomes a file name in reports/",
)
SECURE_URL = Rule(_matching(_URL.replace("s?", "s")), "an https URL", "write the full address, beginning with https://")
URL = Rule(_matching(_URL), "an http or https URL", "write the full address, beginning with https://")
WEIGHTS = Rule(
    _matching(f"{_URL}|{_WEIGHTS_FILE}"),
    "an https URL, or the path of a weights file from the page",
    "write the full address, beginning with https://, or a path such as weights/model-1a2b3c4d.pth",
)


@dataclass(frozen=True, slots=True)
class Field:
    """A standard field: how it is written, its rule (None where any form will do), and whether it may be left empty.

    One that is empty declares nothing: published zoos write `FLOPs: null` of what nobody counted.
    """

    key: str
    rule: Rule | None = None
    empty: bool = True


def _table(*fields: Field) -> Mapping[str, Field]:
    return MappingProxyType({snake_case(field.key): field for field in fields})


@lru_cache(maxsize=4096)
def snake_case(key: str) -> str:
    """The kind of claim that a page's key makes: `File Size` → `file_size`."""
    return re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_")


METADATA = _table(
    Field("Architecture", TEXTS),
    Field("Batch Size", COUNT),
    Field("Crop Pct", FRACTION),
    Field("Dropout", AMOUNT),
    Field("Epochs", COUNT),
    Field("FLOPs", OPERATIONS),
    Field("File Size", BYTES),
    Field("ID", TEXT),
    Field("Image Size", SIZE),
    Field("Interpolation", TEXT),
    Field("LR", AMOUNT),
    Field("LR Gamma", AMOUNT),
    Field("LR Step Size", COUNT),
    Field("Layers", COUNT),
    Field("Library"),
    Field("Momentum", AMOUNT),
    Field("Parameters", PARAMETERS),
    Field("Tasks", TEXTS),
    Field("Training Data", TEXTS),
    Field("Training Resources", TEXT),
    Field("Training Techniques", TEXTS),
    Field("Weight Decay", AMOUNT),
)
METRICS = _table(Field("Top 1 Accuracy", PERCENT), Field("Top 5 Accuracy", PERCENT))
RESULT = _table(Field("Task", TEXT), Field("Dataset", TEXT), Field("Metrics"))
_OF_BOTH = (
    Field("Metadata"),
    Field("Results"),
    Field("Code", SECURE_URL),
    Field("Weights", WEIGHTS),
    Field("Paper", URL),
    Field("Config", TEXT),
    Field("README", TEXT),
    Field("Image", TEXT),
    Field("Library"),
)
MODEL = _table(Field("Name", NAME, empty=False), Field("In Collection", TEXTS), Field("Converted From"), *_OF_BOTH)
COLLECTION = _table(Field("Name", TEXT, empty=False), *_OF_BOTH)
PAPER = _table(Field("Title", TEXT), Field("URL", URL))
ROOT = _table(Field("Type"), Field("Models"), Field("Collections"), Field("Import"), Field("Library"))

# Fields whose key names the unit: `Params (M)`, `FLOPs(G)`, `GMACs`, `File Size (MB)`.
_UNIT_IN_KEY = re.compile(
    r"(?P<params>#?\s*param(?:eter)?s?)\s*(?:[\[(](?P<of_params>[KMG])[\])])?"
    r"|(?P<operations>FLOPs|MACs)\s*(?:[\[(](?P<of_operations>[KMGT])[\])])?"
    r"|(?P<prefix>[KMGT])(?:FLOPs|MACs)"
    r"|(?:model|file) size\s*[\[(](?P<bytes>[KMG]i?B)[\])]",
    re.IGNORECASE,
)
_SPELLED = {unit.casefold(): unit for unit in ("K", "M", "G", "T", "KB", "MB", "GB", "KiB", "MiB", "GiB")}


@lru_cache(maxsize=4096)
def kind_and_unit(key: str) -> tuple[str, str]:
    """The kind that a metadata key means, and the unit it names: `Params (M)` → `parameters`, `M`."""
    named = _UNIT_IN_KEY.fullmatch(key.strip())
    if named is None:
        return snake_case(key), ""
    unit = next((named[group] for group in ("of_params", "of_operations", "prefix", "bytes") if named[group]), "")
    of = "parameters" if named["params"] else "file_size" if named["bytes"] else "flops"
    return of, _SPELLED[unit.casefold()] if unit else ""


def shown(node: Node) -> str:
    """What a fault says that it found."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list" if node.items else "an empty list"
    if is_nothing(node):
        return "nothing"
    raw = node.raw if len(node.raw) <= _LONGEST_SHOWN else node.raw[:_LONGEST_SHOWN] + "…"
    return raw if node.plain and raw.isprintable() else repr(raw)
