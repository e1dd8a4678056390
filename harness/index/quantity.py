"""Numbers as a page writes them: exact, with the precision they are declared to, and in base units."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from types import MappingProxyType

_NUMBER = re.compile(
    r"(?P<number>[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]{1,3}(?:_[0-9]{3})+"
    r"|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)\s*(?P<unit>%|[A-Za-z]{1,9})?"
)
_MOST_DIGITS = 40
# Enough for every digit that is read, times the largest unit.
_EXACT = Context(prec=2 * _MOST_DIGITS)


class Dimension(StrEnum):
    """What a unit measures; a bare prefix (`3.16M`) counts whatever its field does."""

    NONE = ""
    PERCENT = "percent"
    COUNT = "count"
    PARAMETERS = "parameters"
    OPERATIONS = "operations"
    BYTES = "bytes"


# SI prefixes, and IEC 80000-13's binary ones. `B` is left out: a billion to some, a byte to others.
_DECIMAL = {"K": 3, "k": 3, "M": 6, "G": 9, "T": 12}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40}
UNITS: Mapping[str, tuple[Decimal, Dimension]] = MappingProxyType(
    {
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
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number in base units (`16.8 MB` → 16800000), the text it was read from, and the step it is declared to.

    The step is the place of the last digit written (`70.28%` → 0.01, `5.0e-05` → 0.000001, `3.16M` → 10000); the
    zeros that end a whole number are read as rounding (`3160000` → 10000), but never its first two digits. `unit` is
    the one written: MB is 10^6 bytes, MiB 2^20. A percentage has the unit `%`; a fraction, such as 0.9, has none.
    """

    raw: str
    value: Decimal
    step: Decimal
    unit: str = ""

    @property
    def percent(self) -> bool:
        """Whether it is written with a percent sign."""
        return self.unit == "%"

    @property
    def dimension(self) -> Dimension:
        """What its unit measures."""
        return UNITS[self.unit][1]

    def covers(self, exact: Decimal | int) -> bool:
        """Whether `exact`, rounded to the declared step, is the declared value."""
        return abs(Decimal(exact) - self.value) * 2 <= self.step


def parse_quantity(raw: str) -> Quantity | None:
    """The quantity that `raw` writes, or None where it writes no number a page would hold."""
    text = raw.strip()
    written = _NUMBER.fullmatch(text) if len(text) <= _MOST_DIGITS else None
    unit = (written["unit"] or "") if written else ""
    if written is None or unit not in UNITS:
        return None
    digits = written["number"].replace(",", "").replace("_", "")
    value, scale = Decimal(digits), UNITS[unit][0]
    return Quantity(raw, _EXACT.multiply(value, scale), _EXACT.multiply(_step(digits, value), scale), unit)


def split_unit(text: str) -> tuple[str, str]:
    """A number as written and what stands behind it, white space included: `70.28 %` → `70.28`, ` %`."""
    written = _NUMBER.fullmatch(text.strip())
    number = written["number"] if written else text.strip()
    return number, text.strip()[len(number) :]


def _step(text: str, value: Decimal) -> Decimal:
    place = int(value.as_tuple().exponent)
    if "." not in text and value and place >= 0:
        rounded_to = int(value.normalize(_EXACT).as_tuple().exponent)
        place = max(0, min(rounded_to, value.adjusted() - 1))
    return Decimal(1).scaleb(place)
