"""Parameters, file size or FLOPs are off by a power of ten against each other or against the family."""

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import MOST_PLACES, QUANTIZED, DeclaredModel, list_names, without_numbers
from harness.rules.finding import Certainty, Finding

NAME = "off by a power of ten"

_FACTORS = tuple(Decimal(10) ** power for power in (1, 3, 6, -1, -3, -6))
_FITS = Decimal(1)
# A float32 file has four bytes per parameter, and some for buffers, names and alignment.
_LEAST_RATIO, _MOST_RATIO = Decimal("0.95"), Decimal("1.3")
# A family shows what is usual if it has enough other models, and their FLOPs per parameter are similar.
_FEWEST_OTHERS, _WIDEST_SPREAD, _MARGIN = 3, 4, Decimal("1.5")


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """The one of parameters, file size and FLOPs that the other two contradict; both, if there are only two."""
    families: dict[tuple[str | None, ...], list[DeclaredModel]] = defaultdict(list)
    for model in models:
        if "parameters" in model.quantities:
            key = model.collection, without_numbers(model.name), model.entry.text("image_size")
            families[key].append(model)
    for family in families.values():
        ratios = [_flops_per_parameter(model) for model in family]
        known = [ratio for ratio in ratios if ratio]
        # The range of the others is that of all without the model's own ratio.
        ends = [*heapq.nsmallest(2, known), *heapq.nlargest(2, known)]
        for model, ratio in zip(family, ratios, strict=True):
            by_family = _factor_by_family(ratio, ends, len(known) - 1)
            by_bytes = _factor_by_bytes(model)
            if {by_bytes, by_family} <= {None, _FITS}:
                continue
            others = [other for other in family if other is not model and "flops" in other.quantities]
            yield from _findings(model, by_bytes, by_family, others if by_family else [])


def _findings(
    model: DeclaredModel, by_bytes: Decimal | None, by_family: Decimal | None, others: Sequence[DeclaredModel]
) -> Iterator[Finding]:
    if by_bytes not in {None, _FITS}:
        kinds, reason = ("parameters", "file_size"), _explain_bytes(model, by_bytes)
        wrong = "file_size" if by_family == _FITS else "parameters" if by_family == by_bytes else None
    elif by_family not in {None, _FITS}:
        kinds, reason = ("parameters", "flops"), _explain_flops(model, by_family, others)
        wrong = "flops" if by_bytes == _FITS else None
    else:
        return
    places = [other.where("parameters") for other in others[:MOST_PLACES]]
    remedy = "check both for missing or additional digits or units"
    for kind, other_kind in (kinds, kinds[::-1]):
        if wrong in {kind, None}:
            message = reason if wrong else f"Either this or {other_kind} is wrong. {reason}"
            where = (model.where(other_kind), *places)
            yield Finding(model.page, model.claim(kind), NAME, message, where, remedy, Certainty.SUSPICIOUS)


def _factor(ratio: Decimal, least: Decimal, most: Decimal) -> Decimal | None:
    """The power of ten by which the ratio lies off a range; 1 if it is inside; None if no power fits."""
    return next((factor for factor in (_FITS, *_FACTORS) if least <= ratio / factor <= most), None)


def _factor_by_bytes(model: DeclaredModel) -> Decimal | None:
    """The ratio of the parameters that the file can hold to the declared ones, as a power of ten."""
    size, parameters = model.quantities.get("file_size"), model.quantities["parameters"]
    if size is None or model.matches(QUANTIZED):
        return None
    return _factor(size.value / 4 / parameters.value, _LEAST_RATIO, _MOST_RATIO)


def _factor_by_family(own: Decimal | None, ends: Sequence[Decimal], others: int) -> Decimal | None:
    """The ratio of the model's FLOPs per parameter to the family's, as a power of ten.

    `ends` are the two smallest ratios of the family and the two largest, `others` the number without the model's own.
    """
    if own is None or others < _FEWEST_OTHERS:
        return None
    smallest, second_smallest, largest, second_largest = ends
    least = second_smallest if own == smallest else smallest
    most = second_largest if own == largest else largest
    return None if most > _WIDEST_SPREAD * least else _factor(own, least / _MARGIN, most * _MARGIN)


def _flops_per_parameter(model: DeclaredModel) -> Decimal | None:
    flops = model.quantities.get("flops")
    return flops.value / model.quantities["parameters"].value if flops else None


def _explain_bytes(model: DeclaredModel, factor: Decimal | None) -> str:
    size, parameters = model.quantities["file_size"].value, model.quantities["parameters"].value
    return f"At four bytes each, {size:.0f} bytes hold about {_times(factor)} the declared {parameters:.0f} parameters."


def _explain_flops(model: DeclaredModel, factor: Decimal | None, others: Sequence[DeclaredModel]) -> str:
    flops, parameters = model.quantities["flops"].value, model.quantities["parameters"].value
    names = list_names(others, model.page)
    return f"{flops:.0f} FLOPs for {parameters:.0f} parameters are about {_times(factor)} the ratio of {names}."


def _times(factor: Decimal | None) -> str:
    factor = factor or _FITS
    return f"{factor:f} times" if factor > 1 else f"1/{1 / factor:f} of"
