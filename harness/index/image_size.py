"""Sizes of images as pages write them: `224`, `224x224`, `3x224x224`, `(3, 224, 224)`, `[3, 224, 224]`."""

import re
from dataclasses import dataclass

from harness.index.quantity import parse_quantity

_NUMBERS = r"(\d{1,9})\s*(?:[x×*,]\s*|\s)(\d{1,9})(?:\s*(?:[x×*,]\s*|\s)(\d{1,9}))?"
_SEVERAL = re.compile(rf"\(\s*{_NUMBERS}\s*,?\s*\)|\[\s*{_NUMBERS}\s*\]|{_NUMBERS}", re.IGNORECASE)
_CHANNELS = range(1, 5)
_LARGEST = 16384


@dataclass(frozen=True, slots=True)
class ImageSize:
    """The height and width of an image in pixels."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"

    @property
    def side(self) -> int | None:
        """The side of a square image; None for another one."""
        return self.height if self.height == self.width else None

    @property
    def is_possible(self) -> bool:
        """Whether both sides are from 1 to 16384 pixels."""
        return min(self.height, self.width) >= 1 and max(self.height, self.width) <= _LARGEST


def parse_image_size(text: str) -> ImageSize | None:
    """The size that a text is, or None. One number is the side of a square.

    Two numbers are height and width. Of three, the first or the last is the number of channels, which is at most 4.
    """
    single = parse_quantity(text)
    if single is not None:
        is_side = not single.unit and single.value == int(single.value)
        return ImageSize(int(single.value), int(single.value)) if is_side else None
    match = _SEVERAL.fullmatch(text.strip())
    if match is None:
        return None
    numbers = [int(number) for number in match.groups() if number is not None]
    if len(numbers) == 3:
        if numbers[0] in _CHANNELS:
            del numbers[0]
        elif numbers[2] in _CHANNELS:
            del numbers[2]
        else:
            return None
    return ImageSize(*numbers)
