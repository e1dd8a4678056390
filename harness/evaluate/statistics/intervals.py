"""What some of the images allow to be said of all."""

from collections.abc import Callable
from decimal import Decimal
from math import exp, lgamma

from harness.evaluate.statistics.scores import Counts, percent

CONFIDENCE = Decimal("0.95")


def worst_case(counts: Counts, metric: str, complete: int) -> tuple[Decimal, Decimal]:
    """Accuracy in percent if every image that is not here were wrong, and if every one were right."""
    right = int(getattr(counts, metric))
    return percent(right, complete), percent(right + complete - counts.images, complete)


def random_sample(counts: Counts, metric: str, complete: int) -> tuple[Decimal, Decimal]:
    """The accuracies in percent that a random sample without replacement does not exclude.

    Every number K of right images among all N under which both tails of the hypergeometric distribution hold more
    than (1 - CONFIDENCE) / 2; exact, found by inverting the two one-sided tests (Clopper and Pearson, Biometrika
    26, 1934, for the binomial case).
    """
    right, drawn = int(getattr(counts, metric)), counts.images
    limit = (1 - float(CONFIDENCE)) / 2

    def at_least(total: int) -> float:
        return _tail(range(right, min(drawn, total) + 1), drawn, total, complete)

    def at_most(total: int) -> float:
        return _tail(range(max(0, drawn - (complete - total)), right + 1), drawn, total, complete)

    low = _first(right, complete - (drawn - right), lambda total: at_least(total) > limit)
    high = _first(right, complete - (drawn - right), lambda total: at_most(total) <= limit) - 1
    return percent(low, complete), percent(max(high, right), complete)


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The smallest number in low … high for which `holds`, which stays true once it is; high + 1 if there is none."""
    high += 1
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _tail(outcomes: range, drawn: int, total: int, complete: int) -> float:
    """The probability of `outcomes` right images among `drawn`, if `total` of all images are right."""
    every = _log_choose(complete, drawn)
    return sum(
        exp(_log_choose(total, right) + _log_choose(complete - total, drawn - right) - every) for right in outcomes
    )


def _log_choose(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
