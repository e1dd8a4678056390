"""Intervals from a part of the images, the comparison of two runs, and what suspects would have given."""

import random
from decimal import Decimal
from math import comb

import pytest

from harness.evaluate.causes import Cell, cells, of_conditions, of_labels
from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.statistics.comparison import compare, mcnemar
from harness.evaluate.statistics.intervals import random_sample, worst_case
from harness.evaluate.statistics.scores import Counts, Prediction


def test_the_worst_case_of_what_is_not_here() -> None:
    assert worst_case(Counts(400, 300, 390), "top_1", 500) == (Decimal(60), Decimal(80))
    assert worst_case(Counts(500, 300, 390), "top_5", 500) == (Decimal(78), Decimal(78))


@pytest.mark.parametrize(("drawn", "right", "of"), [(5, 3, 20), (10, 0, 30), (10, 10, 30), (7, 1, 8)])
def test_the_interval_of_a_random_sample_is_that_of_exact_fractions(drawn: int, right: int, of: int) -> None:
    def tail(total: int, outcomes: range) -> float:
        ways = sum(comb(total, k) * comb(of - total, drawn - k) for k in outcomes if drawn - k <= of - total)
        return ways / comb(of, drawn)

    possible = [
        total
        for total in range(right, of - (drawn - right) + 1)
        if tail(total, range(right, drawn + 1)) > 0.025 and tail(total, range(right + 1)) > 0.025
    ]
    low, high = random_sample(Counts(drawn, right, right), "top_1", of)
    assert (low, high) == (round(Decimal(100 * possible[0]) / of, 3), round(Decimal(100 * possible[-1]) / of, 3))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    generator, of, total, drawn = random.Random(1), 500, 380, 60  # noqa: S311
    population = [True] * total + [False] * (of - total)
    held = 0
    for _ in range(400):
        right = sum(generator.sample(population, drawn))
        low, high = random_sample(Counts(drawn, right, right), "top_1", of)
        held += low <= Decimal(100 * total) / of <= high
    assert held >= 0.93 * 400


def test_all_images_leave_no_interval() -> None:
    assert random_sample(Counts(500, 300, 390), "top_1", 500) == (Decimal(60), Decimal(60))


@pytest.mark.parametrize(("lost", "gained", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 6, 2 / 64), (1, 8, 2 * 10 / 512)])
def test_mcnemar(lost: int, gained: int, p: float) -> None:
    assert mcnemar(lost, gained) == pytest.approx(p)
    assert mcnemar(40_000, 10_000) < 1e-300


def prediction(image: int, label: int, *ranked: int) -> Prediction:
    return Prediction(f"{image}.png", label, ranked)


def test_flipped_images_are_named() -> None:
    first = [prediction(0, 0, 0, 1), prediction(1, 1, 0, 1), prediction(2, 2, 2, 1), prediction(3, 1, 1, 0)]
    second = [prediction(2, 2, 1, 2), prediction(1, 1, 1, 0), prediction(0, 0, 1, 0), prediction(9, 1, 1, 0)]
    found = compare(first, second, "top_1")
    assert (found.images, found.lost, found.gained) == (3, ("0.png", "2.png"), ("1.png",))


DECLARED = Conditions(Geometry(224, Decimal("0.875"), "bicubic"))


def test_the_usual_suspects_differ_from_the_declared_conditions_in_one_thing_each() -> None:
    found = cells(DECLARED, [Geometry(288, Decimal("1.0"), "bicubic"), DECLARED.geometry])
    values = {(cell.kind, cell.value) for cell in found}
    assert {("crop_pct", "0.95"), ("crop_pct", "1.0"), ("image_size", "288"), ("interpolation", "bilinear")} <= values
    assert {("published conditions", "288 crop 1.0 bicubic"), ("channel order", "BGR")} <= values
    assert ("crop_pct", "0.875") not in values
    assert len({cell.conditions for cell in found}) == len(found)
    assert DECLARED not in {cell.conditions for cell in found}


def test_a_sample_moves_the_accuracy_by_what_flipped_in_it() -> None:
    base = [prediction(n, 0, *((0, 1) if n % 2 else (1, 0))) for n in range(1000)]
    tried = [prediction(n, 0, 0, 1) for n in range(100)]
    found = of_conditions(Cell("crop_pct", "1.0", DECLARED), base, tried)
    assert found.estimates["top_1"] == 100
    assert 0 < found.margins["top_1"] < 10
    whole = of_conditions(Cell("crop_pct", "1.0", DECLARED), base, [prediction(n, 0, 0, 1) for n in range(1000)])
    assert whole.margins["top_1"] == 0


def test_labels_off_by_one_and_exchanged_classes_are_recognised() -> None:
    generator = random.Random(0)  # noqa: S311
    shifted = []
    exchanged = []
    for n in range(1000):
        label = generator.randrange(10)
        guess = label if generator.random() < 0.9 else generator.randrange(10)
        shifted.append(prediction(n, (label + 1) % 10, guess, (guess + 1) % 10))
        exchanged.append(prediction(n, {3: 8, 8: 3}.get(label, label), guess, (guess + 1) % 10))
    by_shift = {suspect.value: suspect.estimates["top_1"] for suspect in of_labels(shifted, 10)}
    assert by_shift["off by -1"] > 75
    assert by_shift["off by +1"] < 20
    (order,) = [suspect for suspect in of_labels(exchanged, 10) if suspect.kind == "label order"]
    assert order.value == "class 3 is 8, 8 is 3"
    assert order.estimates["top_1"] > 85
