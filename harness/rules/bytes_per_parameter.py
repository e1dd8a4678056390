"""The declared file size is too small for the declared parameters."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import HALF_PRECISION, QUANTIZED, DeclaredModel
from harness.rules.finding import Finding

NAME = "bytes cannot hold the parameters"

_FLOAT32, _FLOAT16 = 4, 2  # bytes per parameter
_SMALLEST_COLLECTION = 3


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Both values, if the file has less than two bytes per parameter; or four, if all others of the collection do.

    Entries that say that their numbers have fewer bits are left out.
    """
    by_collection: dict[str, list[DeclaredModel]] = defaultdict(list)
    for model in models:
        if {"parameters", "file_size"} <= model.quantities.keys():
            by_collection[model.collection].append(model)
    for collection in by_collection.values():
        small = [model for model in collection if _most_bytes(model) < _FLOAT32]
        others_have_float32 = len(small) == 1 and len(collection) >= _SMALLEST_COLLECTION
        for model in small:
            width = _least_bytes(model, others_have_float32=others_have_float32)
            if _most_bytes(model) < width:
                yield from _findings(model, width)


def _least_bytes(model: DeclaredModel, *, others_have_float32: bool) -> int:
    """The least bytes per parameter to expect; 0 if unknown."""
    if model.matches(QUANTIZED):
        return 0
    return _FLOAT32 if others_have_float32 and not model.matches(HALF_PRECISION) else _FLOAT16


def _most_bytes(model: DeclaredModel) -> Decimal:
    """The most bytes per parameter that the two rounded values allow."""
    size, parameters = model.quantities["file_size"], model.quantities["parameters"]
    return (size.value + size.step / 2) / (parameters.value - parameters.step / 2)


def _findings(model: DeclaredModel, width: int) -> Iterator[Finding]:
    size, parameters = (model.quantities[kind].value for kind in ("file_size", "parameters"))
    reason = (
        f"Either the file size or the parameters are wrong: {parameters:.0f} parameters of {width} bytes each do not "
        f"fit into {size:.0f} bytes."
    )
    if width == _FLOAT32:
        reason += f" Every other file of the collection has at least {_FLOAT32} bytes per parameter."
    remedy = "check both; if the numbers have fewer bits, say so in the entry"
    for kind, other in (("file_size", "parameters"), ("parameters", "file_size")):
        yield Finding(model.page, model.claim(kind), NAME, reason, (model.where(other),), remedy, to_blame=False)
