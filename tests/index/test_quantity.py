from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.index.quantity import parse_quantity


@pytest.mark.parametrize(
    ("raw", "value", "step"),
    [
        ("0.875", "0.875", "0.001"),
        ("224", "224", "1"),
        ("70.28%", "70.28", "0.01"),
        ("80.8%", "80.8", "0.1"),
        ("5.0e-05", "0.00005", "0.000001"),
        ("3160000", "3160000", "10000"),
        ("255754236", "255754236", "1"),
        ("10000000", "10000000", "1000000"),
        ("100", "100", "10"),
        ("0", "0", "1"),
        ("-5", "-5", "1"),
        ("3.16M", "3160000", "10000"),
        ("3.16 M", "3160000", "10000"),
        ("25M", "25000000", "1000000"),
        ("0.4 G", "400000000", "100000000"),
        ("4.1 GFLOPs", "4100000000", "100000000"),
        ("0.26 GMACs", "260000000", "10000000"),
        ("16.8 MB", "16800000", "100000"),
        ("16.8 MiB", "17616076.8", "104857.6"),
        ("98 kB", "98000", "1000"),
        ("1,234,567", "1234567", "1"),
        ("1_234_567", "1234567", "1"),
        ("9" * 40, "9" * 40, "1"),
    ],
)
def test_value_and_step(raw: str, value: str, step: str) -> None:
    quantity = parse_quantity(raw)
    assert quantity is not None
    assert (quantity.value, quantity.step, quantity.raw) == (Decimal(value), Decimal(step), raw)


@pytest.mark.parametrize(
    "raw",
    ["", "abc", "1,00", "1,0000", "1_0", "3.16 X", "7B", "M", "0x10", "1e999", "nan", "inf", "1 2", "٣", "9" * 50, "%"],
)
def test_other_texts_are_not_numbers(raw: str) -> None:
    assert parse_quantity(raw) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_decimals_are_exact(value: Decimal) -> None:
    quantity = parse_quantity(f"{value:f}")
    assert quantity is not None
    assert quantity.value == value
    assert quantity.covers(value)


@given(st.integers(10, 10**15))
def test_a_rounded_count_covers_numbers_within_half_a_step(value: int) -> None:
    quantity = parse_quantity(str(value))
    assert quantity is not None
    assert quantity.covers(int(quantity.value + quantity.step / 2))
    assert not quantity.covers(int(quantity.value + quantity.step))
    assert quantity.step * 5 <= quantity.value


@given(st.text(max_size=30))
def test_any_text_can_be_parsed(text: str) -> None:
    quantity = parse_quantity(text)
    assert quantity is None or quantity.raw == text


@pytest.mark.parametrize(
    ("raw", "meant"),
    [("66349999", "66350000"), ("8199999", "8200000"), ("66349998", None), ("8299999", None), ("66.349999M", None)],
)
def test_a_number_that_a_float_made_one_too_low(raw: str, meant: str | None) -> None:
    """`int(66.35 * 1e6)` is 66349999."""
    quantity = parse_quantity(raw)
    assert quantity
    assert (quantity.before_float and quantity.before_float.raw) == meant
