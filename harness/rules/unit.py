"""A unit contradicts its value: it belongs to another kind, or follows a number that is written in full."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from harness.project.references import References
from harness.rules.declared_model import ACCURACIES, DeclaredModel
from harness.rules.finding import Certainty, Finding

NAME = "unit contradicts value"

_POWERS = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_ONE, _HUNDREDTH = Decimal(1), Decimal("0.01")


def _units(scales: Mapping[str, int], stems: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[Decimal, ...]]:
    return {
        scale + stem: tuple(Decimal(size * times) for times in meanings)
        for scale, size in scales.items()
        for stem, meanings in stems.items()
    }


# The units of each kind in lower case, with all their usual meanings: a MAC is one or two FLOPs, a MB has 1000 or
# 1024 kB.
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
# A number with this many digits is written in full, whatever unit follows.
_WRITTEN_IN_FULL, _MILLION = 10**6, 10**6


def find(models: Sequence[DeclaredModel], _: References) -> Iterator[Finding]:
    """Values with such a unit."""
    for model in models:
        for kind, value in model.values():
            found = _contradiction(kind, value.raw)
            if found:
                claim, remedy = (model.name, kind, value.where), "write the number in full, without a unit"
                yield Finding(model.page, claim, NAME, found[0], (value.where,), remedy, found[1])


def _contradiction(kind: str, raw: str) -> tuple[str, Certainty] | None:
    """A reason, and whether it is proof."""
    match = _WITH_UNIT.fullmatch(raw.strip())
    if match is None or kind not in UNITS:
        return None
    unit, number = match["unit"], Decimal(re.sub("[_,]", "", match["number"]))
    sizes = UNITS[kind].get(unit.casefold())
    if sizes is None:
        unit_kind = next((other for other, units in UNITS.items() if unit.casefold() in units), None)
        reason = f"In {raw.strip()}, {unit} is a unit of {unit_kind}, not of {kind}."
        return (reason, Certainty.FALSE) if unit_kind else None
    if number >= _WRITTEN_IN_FULL and max(sizes) >= _MILLION:
        # Suspicious only: 1,200,000 M is a clumsy way to write 1.2 T.
        reason = f"In {raw.strip()}, the number is written in full, but the unit {unit} multiplies it."
        return reason, Certainty.SUSPICIOUS
    return None
