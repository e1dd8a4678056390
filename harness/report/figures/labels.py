"""Names beside marks, so that no two of them overlap."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from harness.report.figures.drawing import Area

# Of the monospaced type that labels are set in, at the size that the style sheet gives them.
_LETTER = 5.7
_HEIGHT = 9.0
_APART = 3.0
_FROM_MARK = 8.0
_LONGEST = 18
# More labels than this would hide what they name.
_MOST_LABELS = 60


@dataclass(frozen=True, slots=True)
class Label:
    """A name that found a place: where its left end stands on the line."""

    name: str
    x: float
    y: float


def common_beginning(names: Sequence[str]) -> str:
    """What all names begin with, up to a separator: `regnety_002`, `regnety_004` → `regnety_`."""
    alike = takewhile(lambda letters: letters[0] == letters[1], zip(min(names), max(names), strict=False))
    found = re.match(r".*[_\-./ ]", "".join(letter for letter, _ in alike))
    if len(names) < 2 or found is None or any(len(name) == found.end() for name in names):
        return ""
    return found[0]


def shortened(name: str) -> str:
    """The name, its end left out where it is long."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def place(names: Iterable[tuple[str, float, float]], marks: Iterable[tuple[float, float]], area: Area) -> list[Label]:
    """Labels for marks at (x, y), within `area` and off all marks and each other; none for names without room."""
    taken = [Area(x - 6, y - 6, x + 6, y + 6) for x, y in marks]
    placed = []
    for name, x, y in list(names)[:_MOST_LABELS]:
        for box in _around(x, y, _width(name)):
            if area.holds(box) and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                placed.append(Label(name, box.left + _APART / 2, box.bottom - 1.5))
                break
    return placed


def _width(name: str) -> float:
    return sum(2 * _LETTER if unicodedata.east_asian_width(letter) in "WF" else _LETTER for letter in name) + _APART


def _around(x: float, y: float, width: float) -> list[Area]:
    """Boxes above, below, beside and slantwise of a mark, the best first."""
    aside, away = width / 2 + 2, _FROM_MARK + _HEIGHT / 2
    centres = [
        (x, y - away),
        (x, y + away),
        (x + _FROM_MARK + width / 2, y),
        (x - _FROM_MARK - width / 2, y),
        (x - aside, y - away),
        (x + aside, y + away),
        (x + aside, y - away),
        (x - aside, y + away),
        (x, y - away - _HEIGHT),
        (x, y + away + _HEIGHT),
    ]
    return [Area(cx - width / 2, cy - _HEIGHT / 2, cx + width / 2, cy + _HEIGHT / 2) for cx, cy in centres]
