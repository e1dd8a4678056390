"""Intervals from a part of the images, comparison of two evaluations, and candidate causes."""

import random
from collections import Counter
from decimal import Decimal
from math import comb

import pytest

from harness.evaluate.causes import Variation, estimate_under, label_causes, variations
from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.statistics.comparison import compare, mcnemar
from harness.evaluate.statistics.intervals import random_sample, worst_case
from harness.evaluate.statistics.scores import Counts, Prediction


def test_worst_case_bounds_by_images_that_are_missing() -> None:
    assert worst_case(Counts(400, 300, 390), "top_1", 500) == (Decimal(60), Decimal(80))
    assert worst_case(Counts(500, 300, 390), "top_5", 500) == (Decimal(78), Decimal(78))


@pytest.mark.parametrize(("sample", "correct", "population"), [(5, 3, 20), (10, 0, 30), (10, 10, 30), (7, 1, 8)])
def test_random_sample_interval_matches_exact_fractions(sample: int, correct: int, population: int) -> None:
    def tail(total: int, outcomes: range) -> float:
        ways = sum(
            comb(total, k) * comb(population - total, sample - k) for k in outcomes if sample - k <= population - total
        )
        return ways / comb(population, sample)

    possible = [
        total
        for total in range(correct, population - (sample - correct) + 1)
        if tail(total, range(correct, sample + 1)) > 0.025 and tail(total, range(correct + 1)) > 0.025
    ]
    ends = tuple(round(Decimal(100 * total) / population, 3) for total in (possible[0], possible[-1]))
    assert random_sample(Counts(sample, correct, correct), "top_1", population) == ends


def test_random_sample_interval_covers_the_true_accuracy() -> None:
    generator, population, total, sample = random.Random(1), 500, 380, 60  # noqa: S311
    images = [True] * total + [False] * (population - total)
    draws = Counter(sum(generator.sample(images, sample)) for _ in range(400))
    covered = 0
    for correct, times in draws.items():
        low, high = random_sample(Counts(sample, correct, correct), "top_1", population)
        covered += times * (low <= Decimal(100 * total) / population <= high)
    assert covered >= 0.93 * 400


def test_random_sample_of_all_images_has_no_uncertainty() -> None:
    assert random_sample(Counts(500, 300, 390), "top_1", 500) == (Decimal(60), Decimal(60))


@pytest.mark.parametrize(("lost", "gained", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 6, 2 / 64), (1, 8, 2 * 10 / 512)])
def test_mcnemar_p_value(lost: int, gained: int, p: float) -> None:
    assert mcnemar(lost, gained) == pytest.approx(p)
    assert mcnemar(40_000, 10_000) < 1e-300


def prediction(image: int, label: int, *top_classes: int) -> Prediction:
    return Prediction(f"{image}.png", label, top_classes)


def test_comparison_names_flipped_images() -> None:
    first = [prediction(0, 0, 0, 1), prediction(1, 1, 0, 1), prediction(2, 2, 2, 1), prediction(3, 1, 1, 0)]
    second = [prediction(2, 2, 1, 2), prediction(1, 1, 1, 0), prediction(0, 0, 1, 0), prediction(9, 1, 1, 0)]
    found = compare(first, second, "top_1")
    assert (found.images, found.lost, found.gained) == (3, ("0.png", "2.png"), ("1.png",))


DECLARED = Conditions(Geometry(224, Decimal("0.875"), "bicubic"))


def test_variations_change_one_declared_condition_each() -> None:
    tried = variations(DECLARED, [Geometry(288, Decimal("1.0"), "bicubic"), DECLARED.geometry])
    values = {(variation.kind, variation.value) for variation in tried}
    assert {("crop_pct", "0.95"), ("crop_pct", "1.0"), ("image_size", "288"), ("interpolation", "bilinear")} <= values
    assert {("published conditions", "288 crop 1.0 bicubic"), ("channel order", "BGR")} <= values
    assert ("crop_pct", "0.875") not in values
    assert len({variation.conditions for variation in tried}) == len(tried)
    assert DECLARED not in {variation.conditions for variation in tried}


def test_estimate_shifts_the_accuracy_by_the_flips_in_a_sample() -> None:
    base = [prediction(n, 0, *((0, 1) if n % 2 else (1, 0))) for n in range(1000)]
    tried = [prediction(n, 0, 0, 1) for n in range(100)]
    cause = estimate_under(Variation("crop_pct", "1.0", DECLARED), base, tried)
    assert cause.estimates["top_1"] == 100
    assert 0 < cause.margins["top_1"] < 10
    whole = estimate_under(Variation("crop_pct", "1.0", DECLARED), base, [prediction(n, 0, 0, 1) for n in range(1000)])
    assert whole.margins["top_1"] == 0


def test_shifted_labels_and_swapped_classes_are_recognised() -> None:
    generator = random.Random(0)  # noqa: S311
    shifted = []
    swapped = []
    for n in range(1000):
        label = generator.randrange(10)
        guess = label if generator.random() < 0.9 else generator.randrange(10)
        shifted.append(prediction(n, (label + 1) % 10, guess, (guess + 1) % 10))
        swapped.append(prediction(n, {3: 8, 8: 3}.get(label, label), guess, (guess + 1) % 10))
    by_shift = {cause.value: cause.estimates["top_1"] for cause in label_causes(shifted, 10)}
    assert by_shift["off by -1"] > 75
    assert by_shift["off by +1"] < 20
    (order,) = [cause for cause in label_causes(swapped, 10) if cause.kind == "label order"]
    assert order.value == "class 3 is 8, 8 is 3"
    assert order.estimates["top_1"] > 85
