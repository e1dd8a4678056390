"""Bounds for the accuracy on all images, from an evaluation of some of them."""

from bisect import bisect_left
from decimal import Decimal

from harness.evaluate.statistics.scores import Counts, percent

CONFIDENCE = Decimal("0.95")


def worst_case(counts: Counts, metric: str, total_images: int) -> tuple[Decimal, Decimal]:
    """Accuracy in percent if every image that was not evaluated were wrong, and if every one were right."""
    correct = int(getattr(counts, metric))
    return percent(correct, total_images), percent(correct + total_images - counts.images, total_images)


def random_sample(counts: Counts, metric: str, total_images: int) -> tuple[Decimal, Decimal]:
    """Confidence interval, in percent, for the accuracy on all images from a random sample without replacement.

    Contains every number of correct images under which both tails of the hypergeometric distribution hold more than
    (1 - CONFIDENCE) / 2. Exact: both one-sided tests are inverted (Clopper and Pearson, Biometrika 26, 1934, for the
    binomial case).
    """
    from scipy.stats import hypergeom

    correct, sample = int(getattr(counts, metric)), counts.images
    limit = (1 - float(CONFIDENCE)) / 2
    totals = range(correct, total_images - (sample - correct) + 1)

    def not_too_low(total: int) -> bool:
        return bool(hypergeom.sf(correct - 1, total_images, total, sample) > limit)

    def too_high(total: int) -> bool:
        return bool(hypergeom.cdf(correct, total_images, total, sample) <= limit)

    low = correct + bisect_left(totals, True, key=not_too_low)
    high = correct + bisect_left(totals, True, key=too_high) - 1
    return percent(low, total_images), percent(max(high, correct), total_images)
