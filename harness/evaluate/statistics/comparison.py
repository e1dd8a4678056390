"""Two evaluations of the same images: which of them flipped, and whether chance would do that."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.evaluate.statistics.scores import Prediction


@dataclass(frozen=True, slots=True)
class Comparison:
    """Images that both evaluated; those that only the first, or only the second, got right; and how likely that is.

    `p_value` is the exact two-sided one of McNemar's test (Psychometrika 12, 1947): the probability of a split at
    least as uneven, if each flipped image were as likely to flip either way.
    """

    images: int
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    p_value: float


def compare(first: Sequence[Prediction], second: Sequence[Prediction], metric: str) -> Comparison:
    """Compare by `metric`, `top_1` or `top_5`, on the images that both evaluated."""
    before = {(one.image, one.label): bool(getattr(one, metric)) for one in first}
    after = {(one.image, one.label): bool(getattr(one, metric)) for one in second}
    both = sorted(before.keys() & after.keys())
    lost = tuple(image for image, label in both if before[image, label] and not after[image, label])
    gained = tuple(image for image, label in both if after[image, label] and not before[image, label])
    return Comparison(len(both), lost, gained, mcnemar(len(lost), len(gained)))


def mcnemar(lost: int, gained: int) -> float:
    """The exact two-sided p-value for so many images flipped each way."""
    flipped, fewer = lost + gained, min(lost, gained)
    ways = tail = 1
    for count in range(fewer):
        ways = ways * (flipped - count) // (count + 1)
        tail += ways
    return min(1.0, float(2 * tail / 2**flipped))
