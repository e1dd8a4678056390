"""The declared bytes cannot hold the declared parameters."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import IN_FEWER_BITS, IN_HALF_PRECISION, DeclaredModel
from harness.rules.finding import Finding

NAME = "bytes cannot hold the parameters"

_FLOAT32, _FLOAT16 = 4, 2  # bytes a parameter takes
_FEWEST_OTHERS = 2


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Against both values where two bytes a parameter do not fit, or four, which all others of the collection have.

    Not where the entry says that its numbers are of fewer bits.
    """
    by_collection: dict[str, list[DeclaredModel]] = defaultdict(list)
    for entry in models:
        if entry.quantity("parameters") and entry.quantity("file_size"):
            by_collection[entry.collection].append(entry)
    for collection in by_collection.values():
        short = [entry for entry in collection if _most_bytes(entry) < _FLOAT32]
        for entry in short:
            others_in_full = len(short) == 1 and len(collection) > _FEWEST_OTHERS
            width = _needed(entry, others_in_full=others_in_full)
            if _most_bytes(entry) < width:
                yield from _findings(entry, width)


def _needed(entry: DeclaredModel, *, others_in_full: bool) -> int:
    """The bytes that a parameter takes at least; 0 where that cannot be said."""
    if entry.says(IN_FEWER_BITS):
        return 0
    return _FLOAT32 if others_in_full and not entry.says(IN_HALF_PRECISION) else _FLOAT16


def _most_bytes(entry: DeclaredModel) -> Decimal:
    """The most bytes for each parameter that the two rounded values allow."""
    size, parameters = entry.quantity("file_size"), entry.quantity("parameters")
    if size is None or parameters is None:
        return Decimal(0)
    return (size.value + size.step / 2) / (parameters.value - parameters.step / 2)


def _findings(entry: DeclaredModel, width: int) -> Iterator[Finding]:
    size, parameters = (entry.quantities[kind].value for kind in ("file_size", "parameters"))
    reason = (
        f"Either the file size or the parameters are wrong: {parameters:.0f} numbers of {width} bytes each do not fit "
        f"into {size:.0f} bytes."
    )
    if width == _FLOAT32:
        reason += " Every other model of the collection has four bytes for each."
    remedy = "check both; if the numbers are of fewer bits, say so in the entry"
    for kind, other in (("file_size", "parameters"), ("parameters", "file_size")):
        yield Finding(entry.page, entry.claim(kind), NAME, reason, (entry.where(other),), remedy, to_blame=False)
