"""Scores of a model: the five highest-ranked classes of each image, and counts of correct predictions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any

TOP_K = 5
# Attributes of Prediction and Counts.
METRICS = ("top_1", "top_5")


@dataclass(frozen=True, slots=True)
class Prediction:
    """An image by name, its class, and the classes with the highest scores, best first."""

    image: str
    label: int
    top_classes: tuple[int, ...]

    @property
    def top_1(self) -> bool:
        """Whether the best class is the image's."""
        return self.top_classes[0] == self.label

    @property
    def top_5(self) -> bool:
        """Whether the image's class is among the five best."""
        return self.label in self.top_classes[:TOP_K]


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of evaluated images, and how many of them are correct in top-1 and in top-5."""

    images: int
    top_1: int
    top_5: int

    def percent(self, metric: str) -> Decimal:
        """Accuracy in percent; `metric` is `top_1` or `top_5`."""
        return percent(getattr(self, metric), self.images)


def percent(correct: int, images: int) -> Decimal:
    """`correct` of `images` in percent, to three places: exact for 50 000 images."""
    return round(Decimal(100 * correct) / images, 3)


def cumulative(parts: Iterable[Counts]) -> tuple[Counts, ...]:
    """The total counts after each part."""
    return tuple(accumulate(parts, lambda a, b: Counts(a.images + b.images, a.top_1 + b.top_1, a.top_5 + b.top_5)))


def count(predictions: Sequence[Prediction]) -> Counts:
    """The counts of some predictions."""
    top_1, top_5 = (sum(getattr(prediction, metric) for prediction in predictions) for metric in METRICS)
    return Counts(len(predictions), top_1, top_5)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a finished evaluation. `total_images` is the size of the complete dataset.

    `environments` are the machines it ran on: one, unless it was interrupted and resumed elsewhere. `interim_counts`
    are the counts after each shard, with the images in random order.
    """

    predictions: tuple[Prediction, ...]
    counts: Counts
    total_images: int
    environments: tuple[Mapping[str, Any], ...]
    interim_counts: tuple[Counts, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an evaluation could not finish."""

    reason: str
