"""Numbers as a page writes them: exact, in base units, with their declared precision."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum

_NUMBER = re.compile(
    r"(?P<number>[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]{1,3}(?:_[0-9]{3})+"
    r"|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)\s*(?P<unit>%|[A-Za-z]{1,9})?"
)
_MAX_LENGTH = 40
# Enough digits for every number that is read, times the largest unit.
_EXACT = Context(prec=2 * _MAX_LENGTH)
# What scripts multiply numbers in thousands, millions or billions by.
_FLOAT_SCALES = (Decimal(10**3), Decimal(10**6), Decimal(10**9))


class Dimension(StrEnum):
    """What a unit measures. A prefix alone (`3.16M`) is a count of whatever its field counts."""

    NONE = ""
    PERCENT = "percent"
    COUNT = "count"
    PARAMETERS = "parameters"
    OPERATIONS = "operations"
    BYTES = "bytes"


# SI prefixes and the binary ones of IEC 80000-13. `B` is not a unit: it can mean a billion or a byte.
_DECIMAL = {"K": 3, "k": 3, "M": 6, "G": 9, "T": 12}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40}
UNITS: Mapping[str, tuple[Decimal, Dimension]] = {
    "": (Decimal(1), Dimension.NONE),
    "%": (Decimal(1), Dimension.PERCENT),
    **{prefix: (Decimal(10) ** power, Dimension.COUNT) for prefix, power in _DECIMAL.items()},
    **{f"{prefix}B": (Decimal(10) ** power, Dimension.BYTES) for prefix, power in _DECIMAL.items()},
    **{f"{prefix}B": (Decimal(2) ** power, Dimension.BYTES) for prefix, power in _BINARY.items()},
    "bytes": (Decimal(1), Dimension.BYTES),
    **{
        f"{prefix}{operations}": (Decimal(10) ** power, Dimension.OPERATIONS)
        for prefix, power in {"": 0, **_DECIMAL}.items()
        for operations in ("FLOPs", "FLOPS", "MACs", "MACS", "Mac", "Macs")
    },
    "params": (Decimal(1), Dimension.PARAMETERS),
    **{f"{prefix}params": (Decimal(10) ** power, Dimension.PARAMETERS) for prefix, power in _DECIMAL.items()},
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number in base units (`16.8 MB` → 16800000), its text, and its declared step.

    The step is the place of the last digit written (`70.28%` → 0.01, `5.0e-05` → 0.000001, `3.16M` → 10000); the
    final zeros of a whole number count as rounding (`3160000` → 10000), except in its first two digits. `unit` is as
    written: MB is 10^6 bytes, MiB 2^20. A percentage has the unit `%`; a fraction, such as 0.9, has none.
    """

    raw: str
    value: Decimal
    step: Decimal
    unit: str = ""

    @property
    def percent(self) -> bool:
        """Whether the number has a percent sign."""
        return self.unit == "%"

    @property
    def dimension(self) -> Dimension:
        """What the unit measures."""
        return UNITS[self.unit][1]

    def covers(self, exact: Decimal | int) -> bool:
        """Whether `exact`, rounded to the declared step, is the declared value."""
        return abs(Decimal(exact) - self.value) * 2 <= self.step

    @property
    def before_float(self) -> "Quantity | None":
        """The rounded number whose product in binary floating point, cut to an integer, is this one; usually None.

        `66349999` is `int(66.35 * 1e6)`: 66.35 million was meant.
        """
        meant = self.value + 1
        if self.unit or not self.raw.strip().endswith("999") or self.value != self.value.to_integral_value():
            return None
        if any(int(float(meant / scale) * float(scale)) == self.value for scale in _FLOAT_SCALES):
            return parse_quantity(f"{meant:f}")
        return None


def parse_quantity(raw: str) -> Quantity | None:
    """The quantity that a text is, or None if it is not a number with a known unit or none."""
    text = raw.strip()
    match = _NUMBER.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None or (unit := match["unit"] or "") not in UNITS:
        return None
    digits = match["number"].replace(",", "").replace("_", "")
    value, scale = Decimal(digits), UNITS[unit][0]
    return Quantity(raw, _EXACT.multiply(value, scale), _EXACT.multiply(_step(digits, value), scale), unit)


def split_unit(text: str) -> tuple[str, str]:
    """A number as written and the rest of the text, with its white space: `70.28 %` → `70.28`, ` %`."""
    text = text.strip()
    match = _NUMBER.fullmatch(text)
    number = match["number"] if match else text
    return number, text[len(number) :]


def _step(digits: str, value: Decimal) -> Decimal:
    exponent = int(value.as_tuple().exponent)
    if "." not in digits and value and exponent >= 0:
        last_nonzero = int(value.normalize(_EXACT).as_tuple().exponent)
        exponent = max(0, min(last_nonzero, value.adjusted() - 1))
    return Decimal(1).scaleb(exponent)
