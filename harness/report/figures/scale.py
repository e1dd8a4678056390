"""Axes: positions of values, and the ticks that are labelled."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_MOST_TICKS = 7
# Ticks of a logarithmic axis are at most log10(5 / 2) = 0.4 decades apart.
_LEAST_DECADES = 0.42
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `start` to `end` in the drawing. `low` and `high` are transformed values."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]
    transform: Callable[[float], float] = float

    def at(self, value: float) -> float:
        """The position of a value in the drawing."""
        return self.start + (self.transform(value) - self.low) / (self.high - self.low) * (self.end - self.start)


def linear(values: Sequence[float], start: float, end: float) -> Scale:
    """An axis for all values with some margin and round ticks. Equal values are in the middle."""
    margin = (max(values) - min(values)) * 0.08 or abs(values[0]) * 0.05 or 1.0
    return _with_round_ticks(min(values) - margin, max(values) + margin, start, end)


def from_zero(most: float, start: float, end: float) -> Scale:
    """An axis from zero to a little more than `most`."""
    return _with_round_ticks(0.0, most * 1.05 or 1.0, start, end)


def _with_round_ticks(low: float, high: float, start: float, end: float) -> Scale:
    step = _round_step((high - low) / (_MOST_TICKS - 1))
    ticks = [step * count for count in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return Scale(low, high, start, end, tuple((tick, f"{tick:.6g}") for tick in ticks))


def positions(count: int, start: float, end: float) -> Scale:
    """An axis with `count` equal slots, numbered from 0."""
    step = max(1, int(_round_step(count / _MOST_TICKS)))
    ticks = tuple((float(number), str(number)) for number in range(0, count, step))
    return Scale(-0.5, count - 0.5, start, end, ticks)


def logarithmic(values: Sequence[float], start: float, end: float) -> Scale:
    """A logarithmic axis for all values, which must be positive, with some margin."""
    low, high = math.log10(min(values)), math.log10(max(values))
    margin = max((high - low) * 0.05, (_LEAST_DECADES - (high - low)) / 2)
    low, high = low - margin, high + margin
    decades = range(math.floor(low), math.ceil(high) + 1)
    apart = 1 + len(decades) // _MOST_TICKS
    sets = ([1, 2, 5], [1, 3], [1])
    for leading in sets if apart == 1 else sets[-1:]:
        ticks = [digit * 10.0**decade for decade in decades[::apart] for digit in leading]
        ticks = [tick for tick in ticks if low <= math.log10(tick) <= high]
        if len(ticks) <= _MOST_TICKS:
            break
    return Scale(low, high, start, end, tuple((tick, short_count(tick)) for tick in ticks), math.log10)


def short_count(value: float) -> str:
    """A count with a unit prefix: `199514080` → `199.5 M`."""
    for size, unit in _UNITS:
        if value >= size:
            return f"{float(f'{value / size:.4g}'):g} {unit}"
    return f"{value:g}"


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, … times a power of ten that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10, 20) if step * power >= least)
