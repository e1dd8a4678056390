"""A unit contradicts its value: it measures something else, or stands behind a number that is written out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import ACCURACIES, DeclaredModel
from harness.rules.finding import Finding

NAME = "unit contradicts value"

_POWERS = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_ONE, _HUNDREDTH = Decimal(1), Decimal("0.01")


def _units(scales: Mapping[str, int], stems: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[Decimal, ...]]:
    return {
        scale + stem: tuple(Decimal(size * times) for times in meanings)
        for scale, size in scales.items()
        for stem, meanings in stems.items()
    }


# For each kind of number the units it is written in, without regard to case, and what each may stand for: MACs are
# one or two FLOPs, MB are 1000 or 1024 kB, as who wrote them liked.
UNITS: Mapping[str, Mapping[str, tuple[Decimal, ...]]] = {
    "parameters": _units({**_POWERS, "b": 10**9, "million": 10**6, "billion": 10**9}, {"": (1,)}),
    "flops": _units({"": 1, **_POWERS}, {"flops": (1,), "flop": (1,), "macs": (1, 2), "mac": (1, 2)})
    | _units({**_POWERS, "b": 10**9, "million": 10**6, "billion": 10**9}, {"": (1, 2)}),
    "file_size": {"b": (_ONE,), "byte": (_ONE,), "bytes": (_ONE,)}
    | {
        scale + stem: tuple(map(Decimal, (1000**power, 1024**power)[first:]))
        for power, scale in enumerate("kmgt", start=1)
        for stem, first in (("", 0), ("b", 0), ("ib", 1))
    },
    **{kind: {"%": (_ONE, _HUNDREDTH)} for kind in ACCURACIES},
}

_WITH_UNIT = re.compile(r"(?P<number>[0-9][0-9_,]*(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]+|%)")
# Written out to the last digit, a number of this length is in ones, whatever unit stands behind it.
_WRITTEN_OUT, _MILLION = 10**6, 10**6


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Against such a value, by its unit alone."""
    for entry in models:
        for kind, value in entry.values():
            reason = _contradiction(kind, value.raw)
            if reason:
                claim, remedy = (entry.name, kind, value.where), "write the number in full, without a unit"
                yield Finding(entry.page, claim, NAME, reason, (value.where,), remedy, to_blame=True)


def _contradiction(kind: str, raw: str) -> str | None:
    written = _WITH_UNIT.fullmatch(raw.strip())
    if written is None or kind not in UNITS:
        return None
    unit, number = written["unit"], Decimal(re.sub("[_,]", "", written["number"]))
    sizes = UNITS[kind].get(unit.casefold())
    measured = next((other for other, units in UNITS.items() if unit.casefold() in units), None)
    if sizes is None:
        return f"{unit} is a unit of {measured}." if measured else None
    if number >= _WRITTEN_OUT and max(sizes) >= _MILLION:
        return f"The number is written out, and {unit} stands behind it all the same."
    return None
