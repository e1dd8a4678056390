"""The confidence sequence against exact fractions and simulated models; an interval for one look will not do."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import comb, factorial, log
from pathlib import Path

import numpy as np
import pytest

from harness.evaluate.data.dataset import Dataset, Shape
from harness.evaluate.data.fingerprint import Image
from harness.evaluate.data.shards import shards
from harness.evaluate.statistics.confidence_sequence import Prior, confidence_interval, log_ratio, prior_around

MODELS = 10_000
ALL = 50_000
ALPHAS = (0.2, 0.05, 0.01, 0.001)
# How many images each look adds: as the shards do, and evenly over a small set.
LOOKS = {ALL: [100, 100, 300, 500] + [1000] * 49, 2000: [100] * 20}


@pytest.mark.parametrize(("drawn", "right", "of"), [(5, 3, 20), (10, 0, 30), (10, 10, 30), (7, 1, 8), (25, 20, 25)])
@pytest.mark.parametrize("alpha", ["0.5", "0.1", "0.001"])
@pytest.mark.parametrize("prior", [(1, 1), (8, 3), (1, 40)])
def test_excluded_is_what_bayes_makes_so_much_less_probable(
    drawn: int, right: int, of: int, alpha: str, prior: tuple[int, int]
) -> None:
    def beta(a: int, b: int) -> Fraction:
        return Fraction(factorial(a - 1) * factorial(b - 1), factorial(a + b - 1))

    a, b = prior
    before = [comb(of, total) * beta(a + total, b + of - total) / beta(a, b) for total in range(of + 1)]
    assert sum(before) == 1
    likelihood = [comb(total, right) * comb(of - total, drawn - right) for total in range(of + 1)]
    joint = [one * other for one, other in zip(before, likelihood, strict=True)]
    after = [one / sum(joint) for one in joint]
    kept = [total for total in range(of + 1) if before[total] * Fraction(alpha) < after[total]]
    assert kept == list(range(kept[0], kept[-1] + 1))
    assert confidence_interval(right, drawn, of, Prior(*prior), Decimal(alpha)) == (kept[0], kept[-1])


def paths(of: int, totals: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """For each look, a row, and model, a column, how many of the images drawn so far are right."""
    left, images, rows = totals.copy(), of, []
    for size in LOOKS[of]:
        drawn = generator.hypergeometric(left, images - left, size)
        left, images = left - drawn, images - size
        rows.append(totals - left)
    return np.array(rows)


def models(of: int) -> tuple[np.ndarray, np.ndarray, list[Prior]]:
    """Models of many accuracies: their totals, their paths, and priors around what pages would declare of them."""
    generator = np.random.default_rng(of)
    totals = generator.integers(of // 2, of + 1, MODELS)
    off = generator.choice([0, 0, 1, -1, 5, -5, 20, -20], MODELS)
    priors = [prior_around(Decimal(100 * int(total)) / of + int(by)) for total, by in zip(totals, off, strict=True)]
    return totals, paths(of, totals, generator), priors


@pytest.mark.parametrize("of", [2000, ALL])
def test_the_truth_is_ever_excluded_as_seldom_as_promised(of: int) -> None:
    """And an interval for one look, looked at after every shard, far too often."""
    totals, seen, priors = models(of)
    drawn = np.cumsum(LOOKS[of])
    highest = [
        max(log_ratio(int(total), int(right), int(n), of, prior) for right, n in zip(path, drawn, strict=True))
        for total, path, prior in zip(totals, seen.T, priors, strict=True)
    ]
    ever = {alpha: np.mean(np.array(highest) >= log(1 / alpha)) for alpha in ALPHAS}
    assert all(ever[alpha] <= alpha for alpha in ALPHAS), ever
    # It is not so wide that this means nothing.
    assert ever[0.2] > 0.02
    naive = np.mean((np.abs(z_scores(of, totals, seen)) > 1.96).any(axis=0))
    assert naive > 0.05 * 4, naive


def z_scores(of: int, totals: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """How many standard errors of a sample without replacement each look is off; 0 where all images were drawn."""
    drawn = np.cumsum(LOOKS[of])[:, None]
    right = seen / drawn
    error = np.sqrt(np.maximum(right * (1 - right), 1 / drawn) / drawn * (of - drawn) / (of - 1))
    return np.divide(right - totals / of, error, out=np.zeros_like(right), where=error > 0)


def imagenet() -> Dataset:
    """Images that are nowhere, named and labelled as ImageNet's."""
    images = tuple(Image(f"ILSVRC2012_val_{n + 1:08}.JPEG", n * 7 % 1000, Path("nowhere"), 0, 0) for n in range(ALL))
    return Dataset("a folder per class", images, Shape(1000, 50), "", None)


@pytest.mark.parametrize(
    "easy",
    [
        lambda image: image.label < 700,
        lambda image: image.label % 10 < 7,
        lambda image: int(image.name[15:23]) <= 35_000,
        lambda image: int(image.name[22]) < 7,
    ],
    ids=["first classes", "some classes", "first names", "some names"],
)
def test_the_images_come_in_an_order_that_has_to_do_with_nothing(easy: Callable[[Image], bool]) -> None:
    """A model that is right on the easy images alone is never excluded at its true accuracy; in sorted order it is."""
    dataset = imagenet()
    sizes = [len(shard.images) for shard in shards(dataset)]
    assert sizes == LOOKS[ALL]
    ordered = [image for shard in shards(dataset) for image in shard.images]
    in_order = sorted(dataset.images, key=lambda image: (not easy(image), image.label))
    assert highest_ratio(ordered, sizes, easy) < log(100)
    assert highest_ratio(in_order, sizes, easy) > log(1e9)


def highest_ratio(images: list[Image], sizes: list[int], easy: Callable[[Image], bool]) -> float:
    right = np.cumsum([easy(image) for image in images])
    total = int(right[-1])
    return max(log_ratio(total, int(right[n - 1]), int(n), ALL, prior_around(Decimal(70))) for n in np.cumsum(sizes))
