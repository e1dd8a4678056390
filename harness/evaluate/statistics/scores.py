"""What a model scored: each image's first five classes, and the counts of the right ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any

FIRST = 5


@dataclass(frozen=True, slots=True)
class Prediction:
    """An image by name, its class, and the classes with the highest scores, the highest first."""

    image: str
    label: int
    ranked: tuple[int, ...]

    @property
    def top_1(self) -> bool:
        """Whether the first class is the image's."""
        return self.ranked[0] == self.label

    @property
    def top_5(self) -> bool:
        """Whether the image's class is among the first five."""
        return self.label in self.ranked[:FIRST]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many images were evaluated, and for how many the first, or one of the first five classes, was right."""

    images: int
    top_1: int
    top_5: int

    def percent(self, metric: str) -> Decimal:
        """Accuracy in percent; `metric` is `top_1` or `top_5`."""
        return percent(getattr(self, metric), self.images)


def percent(right: int, images: int) -> Decimal:
    """So many of the images in percent, to three places: exact for 50 000 images."""
    return round(Decimal(100 * right) / images, 3)


def running(parts: Iterable[Counts]) -> tuple[Counts, ...]:
    """The counts after each part, of all parts up to it."""
    return tuple(accumulate(parts, lambda a, b: Counts(a.images + b.images, a.top_1 + b.top_1, a.top_5 + b.top_5)))


def count(predictions: Sequence[Prediction]) -> Counts:
    """The counts of some predictions."""
    right = [(prediction.top_1, prediction.top_5) for prediction in predictions]
    return Counts(len(right), sum(first for first, _ in right), sum(five for _, five in right))


@dataclass(frozen=True, slots=True)
class Scores:
    """A finished evaluation: of how many images (`of` is the complete set), and on which machines.

    `environments` holds what each part ran on: one, unless the evaluation was interrupted and went on elsewhere.
    `looks` are the counts as they were after each shard, the images in seeded random order.
    """

    predictions: tuple[Prediction, ...]
    counts: Counts
    of: int
    environments: tuple[Mapping[str, Any], ...]
    looks: tuple[Counts, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an evaluation could not finish."""

    reason: str
