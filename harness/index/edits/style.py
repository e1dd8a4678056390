"""Measured numbers written in the style of the declared ones."""

from decimal import ROUND_HALF_UP, Context, Decimal

from harness.index.quantity import UNITS, parse_quantity, split_unit

# Enough for every number that can be declared or measured; the default context stops at 28 digits.
_EXACT = Context(prec=200)


def in_style(declared: str, value: str, *, exact: bool) -> str:
    """A measured value as the page writes its own: unit, decimals or rounding step, exponent, separators.

    `exact` keeps every digit of the value, for a page whose rounding would be false. So does a value that rounding
    would change by more than the declared relative precision; it is written without a prefix such as `G`.
    """
    old, new = parse_quantity(declared), parse_quantity(value)
    if old is None or new is None:
        return value
    number, unit = split_unit(declared)
    separator = next((mark for mark in ",_" if mark in number), "")
    mantissa, mark, exponent = number.partition("e" if "e" in number else "E")
    decimals = len(mantissa.partition(".")[2])
    steps = _EXACT.divide(new.value, old.step).to_integral_value(ROUND_HALF_UP)
    error = abs(_EXACT.multiply(steps, old.step) - new.value)
    if new.value and error * abs(old.value) >= old.step * abs(new.value):
        exact = True
        if UNITS[old.unit][0] != 1:
            return f"{new.value:,f}".replace(",", separator)
    rounded = _EXACT.divide(new.value if exact else _EXACT.multiply(steps, old.step), UNITS[old.unit][0])
    if mark and not exact:
        shift = rounded.adjusted()
        power = f"{abs(shift):0{len(exponent.lstrip('+-'))}d}"
        digits = _with_decimals(rounded.scaleb(-shift, _EXACT), decimals)
        sign = "-" if shift < 0 else exponent[: exponent.startswith("+")]
        return f"{digits}{mark}{sign}{power}{unit}"
    needed = max(0, -int(rounded.normalize(_EXACT).as_tuple().exponent))
    return _with_decimals(rounded, needed if exact or mark else decimals, separator) + unit


def without_unit(text: str, unit: str) -> str:
    """A number for a key that names the unit: `4.3M` and `4300000` → `4.3` for `M`."""
    quantity, scale = parse_quantity(text), UNITS.get(unit.strip())
    if text.endswith(unit) or quantity is None or scale is None:
        return text.removesuffix(unit)
    return f"{_EXACT.divide(quantity.value, scale[0]).normalize(_EXACT):f}"


def _with_decimals(value: Decimal, decimals: int, separator: str = "") -> str:
    quantized = value.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
    return f"{quantized:{',' if separator else ''}f}".replace(",", separator)
