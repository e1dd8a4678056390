"""Labels beside marks, placed so that none overlap."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from os.path import commonprefix

from harness.report.figures.svg import Area

# Sizes of the monospaced font of labels, as set by the style sheet.
_LETTER = 5.7
_HEIGHT = 9.0
_GAP = 3.0
_FROM_MARK = 8.0
_LONGEST = 18
# More labels would hide the marks.
_MOST_LABELS = 60


def common_prefix(names: Sequence[str]) -> str:
    """The common prefix of all names up to a separator: `regnety_002`, `regnety_004` → `regnety_`.

    Empty for a single name, or if a name would have nothing left.
    """
    prefix = re.match(r".*[_\-./ ]", commonprefix(list(names)))  # noqa: RUF071 - by letters
    if len(names) < 2 or prefix is None or any(len(name) == prefix.end() for name in names):
        return ""
    return prefix[0]


def shorten(name: str) -> str:
    """The name, with its end cut if it is long."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def place_labels(
    names: Iterable[tuple[str, float, float]], marks: Iterable[tuple[float, float]], area: Area
) -> list[tuple[str, float, float]]:
    """Labels, with the left ends of their baselines, for the marks at (x, y). All are inside `area`.

    Names without enough free space get none.
    """
    taken = [Area(x - 6, y - 6, x + 6, y + 6) for x, y in marks]
    placed = []
    for name, x, y in list(names)[:_MOST_LABELS]:
        for box in _candidates(x, y, _width(name)):
            if area.contains(box) and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                placed.append((name, box.left + _GAP / 2, box.bottom - 1.5))
                break
    return placed


def _width(name: str) -> float:
    return sum(2 * _LETTER if unicodedata.east_asian_width(letter) in "WF" else _LETTER for letter in name) + _GAP


def _candidates(x: float, y: float, width: float) -> list[Area]:
    """Boxes around a mark: above, below, beside and diagonal, the preferred ones first."""
    beside, aside, away = width / 2 + _FROM_MARK, width / 2 + 2, _HEIGHT / 2 + _FROM_MARK
    offsets = [(0, -away), (0, away), (beside, 0), (-beside, 0)]
    offsets += [(-aside, -away), (aside, away), (aside, -away), (-aside, away)]
    offsets += [(0, -away - _HEIGHT), (0, away + _HEIGHT)]
    left, top = x - width / 2, y - _HEIGHT / 2
    return [Area(left + dx, top + dy, left + dx + width, top + dy + _HEIGHT) for dx, dy in offsets]
