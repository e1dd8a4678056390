"""The declared file size is too small for the declared parameters."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import HALF_PRECISION, QUANTIZED, DeclaredModel
from harness.rules.finding import Certainty, Finding

NAME = "bytes cannot hold the parameters"

# Bytes per parameter. PyTorch saves no weights of convolutions or linear layers in less than one byte each.
_FLOAT32, _FLOAT16, _SMALLEST = 4, 2, 1
# A file in half precision has at most this many bytes per parameter, with buffers and names.
_MOST_FOR_FLOAT16 = Decimal("2.2")
_FEWEST_SIBLINGS = 2


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Both values: proof below one byte per parameter, and suspicious below two, or four if the collection has four.

    Entries that say that their numbers have fewer bits are left out.
    """
    by_collection: dict[str, list[DeclaredModel]] = defaultdict(list)
    for model in models:
        if {"parameters", "file_size"} <= model.quantities.keys():
            by_collection[model.collection].append(model)
    for collection in by_collection.values():
        small = [model for model in collection if _most_bytes(model) < _FLOAT32]
        siblings = len(collection) - len(small)
        for model in small:
            if not model.matches(QUANTIZED):
                yield from _findings(model, siblings)


def _most_bytes(model: DeclaredModel) -> Decimal:
    """The most bytes per parameter that the two rounded values allow."""
    size, parameters = model.quantities["file_size"], model.quantities["parameters"]
    return (size.value + size.step / 2) / (parameters.value - parameters.step / 2)


def _findings(model: DeclaredModel, siblings: int) -> Iterator[Finding]:
    """`siblings` is the number of models of its collection with four bytes per parameter or more."""
    size, parameters = (model.quantities[kind].value for kind in ("file_size", "parameters"))
    width, certainty = _most_bytes(model), Certainty.SUSPICIOUS
    reason = f"{size:.0f} bytes are {size / parameters:.2f} for each of {parameters:.0f} parameters: "
    if width < _SMALLEST:
        certainty = Certainty.ONE_OF_TWO
        reason += "one of the two is wrong, since no type of numbers in saved weights is smaller than a byte."
    elif width < _FLOAT16:
        reason += "too few for floating-point numbers."
    elif siblings < _FEWEST_SIBLINGS or model.matches(HALF_PRECISION):
        return
    elif width < _MOST_FOR_FLOAT16:
        reason += f"half precision, or one of the two is wrong; {siblings} models of the collection have four or more."
    else:
        reason += f"neither half nor single precision; {siblings} models of the collection have four or more."
    remedy = "check both; if the numbers have fewer bits, say so in the entry"
    for kind, other in (("file_size", "parameters"), ("parameters", "file_size")):
        yield Finding(model.page, model.claim(kind), NAME, reason, (model.where(other),), remedy, certainty)
