"""Comparison of two evaluations of the same images, with McNemar's test."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.evaluate.statistics.scores import Prediction


@dataclass(frozen=True, slots=True)
class Comparison:
    """The number of images in both evaluations, and those that only the first (lost) or second (gained) got right.

    `p_value` is that of McNemar's exact two-sided test (Psychometrika 12, 1947).
    """

    images: int
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    p_value: float


def compare(first: Sequence[Prediction], second: Sequence[Prediction], metric: str) -> Comparison:
    """Compare two evaluations on their common images; `metric` is `top_1` or `top_5`."""
    before, after = (
        {(prediction.image, prediction.label): bool(getattr(prediction, metric)) for prediction in predictions}
        for predictions in (first, second)
    )
    common = sorted(before.keys() & after.keys())
    lost = tuple(key[0] for key in common if before[key] and not after[key])
    gained = tuple(key[0] for key in common if after[key] and not before[key])
    return Comparison(len(common), lost, gained, mcnemar(len(lost), len(gained)))


def mcnemar(lost: int, gained: int) -> float:
    """The exact two-sided p-value: the probability of a split this uneven if each flip is equally likely either way."""
    if lost == gained:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(lost, lost + gained, 0.5).pvalue)
