"""Numbers as a page writes them: exact, and with the precision they are declared to."""

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_MOST_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number, the text it was read from, and the step it is declared to.

    The step is the place of the last digit written (`70.28%` → 0.01, `5.0e-05` → 0.000001); the zeros that end
    a whole number are read as rounding (`3160000` → 10000), but never its first two digits.
    """

    raw: str
    value: Decimal
    step: Decimal
    percent: bool = False

    def covers(self, exact: Decimal | int) -> bool:
        """Whether `exact`, rounded to the declared step, is the declared value."""
        return abs(Decimal(exact) - self.value) * 2 <= self.step


def parse_quantity(raw: str) -> Quantity | None:
    """The quantity that `raw` writes, or None where it writes no number a page would hold."""
    text = raw.strip()
    percent = text.endswith("%")
    text = text.removesuffix("%").rstrip()
    if len(text) > _MOST_DIGITS or not _NUMBER.fullmatch(text):
        return None
    value = Decimal(text)
    return Quantity(raw, value, _step(text, value), percent)


def _step(text: str, value: Decimal) -> Decimal:
    place = int(value.as_tuple().exponent)
    if "." not in text and value and place >= 0:
        rounded_to = int(value.normalize().as_tuple().exponent)
        place = max(0, min(rounded_to, value.adjusted() - 1))
    return Decimal(1).scaleb(place)
