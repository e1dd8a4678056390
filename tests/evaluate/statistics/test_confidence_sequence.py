"""The confidence sequence against exact fractions and simulated models, and the random order of the shards."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import comb, factorial, log
from pathlib import Path

import numpy as np
import pytest

from harness.evaluate.data.dataset import Dataset, DatasetSpec
from harness.evaluate.data.images import Image
from harness.evaluate.data.shards import make_shards
from harness.evaluate.statistics.confidence_sequence import Prior, confidence_interval, log_ratio, prior_around

MODELS = 10_000
ALPHAS = (0.2, 0.05, 0.01, 0.001)
IMAGENET = 50_000
# The number of images that each shard adds, by population: as in make_shards, and equal parts of a small set.
SHARD_SIZES = {IMAGENET: [100, 100, 300, 500] + [1000] * 49, 2000: [100] * 20}


@pytest.mark.parametrize(
    ("sample", "correct", "population"), [(5, 3, 20), (10, 0, 30), (10, 10, 30), (7, 1, 8), (25, 20, 25)]
)
@pytest.mark.parametrize("alpha", ["0.5", "0.1", "0.001"])
@pytest.mark.parametrize("prior", [(1, 1), (8, 3), (1, 40)])
def test_interval_matches_exact_fractions(
    sample: int, correct: int, population: int, alpha: str, prior: tuple[int, int]
) -> None:
    def beta(a: int, b: int) -> Fraction:
        return Fraction(factorial(a - 1) * factorial(b - 1), factorial(a + b - 1))

    a, b = prior
    totals = range(population + 1)
    before = [comb(population, total) * beta(a + total, b + population - total) / beta(a, b) for total in totals]
    assert sum(before) == 1
    likelihood = [comb(total, correct) * comb(population - total, sample - correct) for total in totals]
    joint = [probability * factor for probability, factor in zip(before, likelihood, strict=True)]
    after = [probability / sum(joint) for probability in joint]
    included = [total for total in totals if before[total] * Fraction(alpha) < after[total]]
    assert included == list(range(included[0], included[-1] + 1))
    interval = confidence_interval(correct, sample, population, Prior(*prior), Decimal(alpha))
    assert interval == (included[0], included[-1])


@pytest.mark.parametrize("population", [2000, IMAGENET])
def test_true_accuracy_is_excluded_at_most_as_often_as_alpha(population: int) -> None:
    """A fixed-sample interval, checked after every shard, excludes it far too often."""
    generator = np.random.default_rng(population)
    totals = generator.integers(population // 2, population + 1, MODELS)
    errors = generator.choice([0, 0, 1, -1, 5, -5, 20, -20], MODELS)
    declared = (Decimal(100 * total) / population for total in totals.tolist())
    priors = [prior_around(value + error) for value, error in zip(declared, errors.tolist(), strict=True)]
    correct = simulate_counts(population, totals, generator)
    samples = np.cumsum(SHARD_SIZES[population])
    prior = Prior(np.array([one.correct for one in priors]), np.array([one.wrong for one in priors]))
    highest = log_ratio(totals, correct, samples[:, None], population, prior).max(axis=0)
    excluded = {alpha: np.mean(highest >= log(1 / alpha)) for alpha in ALPHAS}
    assert all(excluded[alpha] <= alpha for alpha in ALPHAS), excluded
    # The sequence is not so wide that this is trivial.
    assert excluded[0.2] > 0.02
    fixed_sample = np.mean((np.abs(z_scores(population, totals, correct)) > 1.96).any(axis=0))
    assert fixed_sample > 0.05 * 4, fixed_sample


def simulate_counts(population: int, totals: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The cumulative number of correct images after each shard (rows) for each model (columns)."""
    correct_left, images_left, rows = totals.copy(), population, []
    for size in SHARD_SIZES[population]:
        drawn = generator.hypergeometric(correct_left, images_left - correct_left, size)
        correct_left, images_left = correct_left - drawn, images_left - size
        rows.append(totals - correct_left)
    return np.array(rows)


def z_scores(population: int, totals: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """The error in standard errors of a sample without replacement; 0 once all images are drawn."""
    samples = np.cumsum(SHARD_SIZES[population])[:, None]
    accuracy = correct / samples
    error = np.sqrt(
        np.maximum(accuracy * (1 - accuracy), 1 / samples) / samples * (population - samples) / (population - 1)
    )
    return np.divide(accuracy - totals / population, error, out=np.zeros_like(accuracy), where=error > 0)


@pytest.fixture(scope="module")
def imagenet() -> Dataset:
    """Images without files, named and labelled as ImageNet's."""
    images = (Image(f"ILSVRC2012_val_{n + 1:08}.JPEG", n * 7 % 1000, Path("none"), 0, 0) for n in range(IMAGENET))
    return Dataset("a folder per class", tuple(images), DatasetSpec(1000, 50), "", None)


@pytest.fixture(scope="module")
def shuffled(imagenet: Dataset) -> list[Image]:
    """The images in the order of their shards."""
    shards = make_shards(imagenet)
    assert [len(shard.images) for shard in shards] == SHARD_SIZES[IMAGENET]
    return [image for shard in shards for image in shard.images]


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
def test_order_of_images_is_independent_of_class_and_name(
    easy: Callable[[Image], bool], imagenet: Dataset, shuffled: list[Image]
) -> None:
    """A model that is correct on the easy images only is never excluded at its true accuracy; in sorted order it is."""
    in_order = sorted(imagenet.images, key=lambda image: (not easy(image), image.label))
    assert highest_log_ratio(shuffled, easy) < log(100)
    assert highest_log_ratio(in_order, easy) > log(1e9)


def highest_log_ratio(images: list[Image], easy: Callable[[Image], bool]) -> float:
    correct = np.cumsum([easy(image) for image in images])
    samples = np.cumsum(SHARD_SIZES[IMAGENET])
    return float(log_ratio(correct[-1], correct[samples - 1], samples, IMAGENET, prior_around(Decimal(70))).max())
