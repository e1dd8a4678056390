"""The parameters are off by a factor of 10 or 1000 against the file's bytes, or against the family's FLOPs."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.index.faults import Location
from harness.project.references import References
from harness.rules.declared_model import IN_FEWER_BITS, MOST_PLACES, DeclaredModel, shown, without_numbers
from harness.rules.finding import Finding

NAME = "off by a power of ten"

_SLIPS = tuple(Decimal(10) ** power for power in (1, 3, 6, -1, -3, -6))
_FITS = Decimal(1)
# A float32 file holds its parameters and little besides: buffers, names, alignment.
_LEAST_BYTES, _MOST_BYTES = Decimal("0.95"), Decimal("1.3")
# A family tells what is usual only where its models, so many at least, agree so far on FLOPs for each parameter.
_FEWEST_OTHERS, _WIDEST_SPREAD, _MARGIN = 3, 4, Decimal("1.5")
_REMEDY = "check both for digits or units that were lost or added"


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Against the one of parameters, bytes and FLOPs that the others speak against; against two, where only two are."""
    families: dict[tuple[str | None, ...], list[DeclaredModel]] = defaultdict(list)
    for entry in models:
        if entry.quantity("parameters"):
            key = entry.collection, without_numbers(entry.name), entry.record.text("image_size")
            families[key].append(entry)
    for family in families.values():
        ratios = [_flops_per_parameter(entry) for entry in family]
        for number, entry in enumerate(family):
            by_family = _by_family(ratios[number], [one for one in ratios[:number] + ratios[number + 1 :] if one])
            others = [one for one in family if one is not entry and one.quantity("flops")] if by_family else []
            yield from _of(entry, _by_bytes(entry), by_family, others)


def _of(
    entry: DeclaredModel, by_bytes: Decimal | None, by_family: Decimal | None, others: Sequence[DeclaredModel]
) -> Iterator[Finding]:
    places = [one.where("parameters") for one in others[:MOST_PLACES]]
    if by_bytes not in {None, _FITS}:
        if by_family == _FITS:
            yield _finding(entry, "file_size", _told_by_bytes(entry, by_bytes), (entry.where("parameters"), *places))
        elif by_family == by_bytes:
            yield _finding(entry, "parameters", _told_by_bytes(entry, by_bytes), (entry.where("file_size"), *places))
        else:
            yield from _either(entry, "file_size", _told_by_bytes(entry, by_bytes), ())
    elif by_family not in {None, _FITS}:
        told = _told_by_family(entry, by_family, others)
        if by_bytes == _FITS:
            yield _finding(entry, "flops", told, (entry.where("parameters"), *places))
        else:
            yield from _either(entry, "flops", told, places)


def _slip(ratio: Decimal, least: Decimal, most: Decimal) -> Decimal | None:
    """1 where the ratio lies between bounds, the power of ten that moves it there, or None."""
    return next((slip for slip in (_FITS, *_SLIPS) if least <= ratio / slip <= most), None)


def _by_bytes(entry: DeclaredModel) -> Decimal | None:
    """How many times the declared parameters the file's bytes would hold."""
    size, parameters = entry.quantity("file_size"), entry.quantity("parameters")
    if size is None or parameters is None or entry.says(IN_FEWER_BITS):
        return None
    return _slip(size.value / 4 / parameters.value, _LEAST_BYTES, _MOST_BYTES)


def _by_family(own: Decimal | None, others: Sequence[Decimal]) -> Decimal | None:
    """How many times the family's FLOPs for each parameter its own are."""
    if own is None or len(others) < _FEWEST_OTHERS or max(others) > _WIDEST_SPREAD * min(others):
        return None
    return _slip(own, min(others) / _MARGIN, max(others) * _MARGIN)


def _flops_per_parameter(entry: DeclaredModel) -> Decimal | None:
    flops, parameters = entry.quantity("flops"), entry.quantity("parameters")
    return flops.value / parameters.value if flops and parameters else None


def _told_by_bytes(entry: DeclaredModel, slip: Decimal | None) -> str:
    size = entry.quantities["file_size"].value
    return f"{size:.0f} bytes hold {_times(slip)} the declared parameters, at four bytes each."


def _told_by_family(entry: DeclaredModel, slip: Decimal | None, others: Sequence[DeclaredModel]) -> str:
    return f"Its FLOPs for each parameter are {_times(slip)} those of {shown(others, entry.page)}."


def _times(slip: Decimal | None) -> str:
    slip = slip or _FITS
    return f"about {slip:f} times" if slip > 1 else f"about 1/{1 / slip:f} of"


def _finding(entry: DeclaredModel, kind: str, told: str, places: tuple[Location, ...]) -> Finding:
    return Finding(entry.page, entry.claim(kind), NAME, told, places, _REMEDY, to_blame=True)


def _either(entry: DeclaredModel, kind: str, told: str, places: Sequence[Location]) -> Iterator[Finding]:
    """Against parameters and another kind, of which one is wrong."""
    for one, other in (("parameters", kind), (kind, "parameters")):
        reason = f"Either this or {other} is wrong: {told[:1].lower()}{told[1:]}"
        where = (entry.where(other), *places)
        yield Finding(entry.page, entry.claim(one), NAME, reason, where, _REMEDY, to_blame=False)
