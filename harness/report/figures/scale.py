"""Where numbers land on an axis, and which of them are written beside it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_MOST_TICKS = 7
# Between two ticks of a logarithmic axis lies at most log10(5 / 2) = 0.4 decades.
_LEAST_DECADES = 0.42
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `start` to `end` of a drawing. `low` and `high` are in units of `transform`."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]
    transform: Callable[[float], float] = float

    def at(self, value: float) -> float:
        """Where the value lands."""
        return self.start + (self.transform(value) - self.low) / (self.high - self.low) * (self.end - self.start)


def linear(values: Sequence[float], start: float, end: float) -> Scale:
    """An axis that holds all values with a little room, ticks at round numbers. Equal values land in its middle."""
    spread = max(values) - min(values)
    room = spread * 0.08 or abs(values[0]) * 0.05 or 1.0
    low, high = min(values) - room, max(values) + room
    step = _round_step((high - low) / (_MOST_TICKS - 1))
    ticks = [step * count for count in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return Scale(low, high, start, end, tuple((tick, f"{tick:.6g}") for tick in ticks))


def from_zero(most: float, start: float, end: float) -> Scale:
    """An axis from zero to a little more than `most`."""
    high = most * 1.05 or 1.0
    step = _round_step(high / (_MOST_TICKS - 1))
    ticks = [step * count for count in range(math.floor(high / step) + 1)]
    return Scale(0.0, high, start, end, tuple((tick, f"{tick:.6g}") for tick in ticks))


def counted(count: int, start: float, end: float) -> Scale:
    """An axis with room for so many things side by side, numbered from 0."""
    step = max(1, int(_round_step(count / _MOST_TICKS)))
    ticks = tuple((float(number), str(number)) for number in range(0, count, step))
    return Scale(-0.5, count - 0.5, start, end, ticks)


def logarithmic(values: Sequence[float], start: float, end: float) -> Scale:
    """A logarithmic axis that holds all values, which are above zero, with a little room."""
    low, high = math.log10(min(values)), math.log10(max(values))
    room = max((high - low) * 0.05, (_LEAST_DECADES - (high - low)) / 2)
    low, high = low - room, high + room
    decades = range(math.floor(low), math.ceil(high) + 1)
    apart = 1 + len(decades) // _MOST_TICKS
    sets = ([1, 2, 5], [1, 3], [1])
    for leading in sets if apart == 1 else sets[-1:]:
        ticks = [digit * 10.0**decade for decade in decades[::apart] for digit in leading]
        ticks = [tick for tick in ticks if low <= math.log10(tick) <= high]
        if len(ticks) <= _MOST_TICKS:
            break
    return Scale(low, high, start, end, tuple((tick, short(tick)) for tick in ticks), math.log10)


def short(value: float) -> str:
    """A count in a few letters: `199514080` → `199.5 M`."""
    for size, unit in _UNITS:
        if value >= size:
            return f"{float(f'{value / size:.4g}'):g} {unit}"
    return f"{value:g}"


def _round_step(least: float) -> float:
    """The next of 1, 2, 5, 10, 20 and so on."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10, 20) if step * power >= least)
