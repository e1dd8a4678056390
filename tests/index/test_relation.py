import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.index.relation import holds, parse_relation, same_relation


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("12 ≤ d ≤ 28", "28 ≥ d ≥ 12", True),
        ("12 ≤ d ≤ 28", "12 < d ≤ 28", False),
        ("u_j = w_0 + w_a·j", "u_j = w_a·j + w_0", True),
        ("u_j = w_0 + w_a·j", "w_0 + j·w_a = u_j", True),
        ("u_j = w_0 + w_a·j", "u_j = w_0 - w_a·j", False),
        ("u_j = w_0 + w_a·j", "u_j = w_0 + w_a", False),
        ("w_0 > 0", "0 < w_0", True),
        ("b = 1", "b = 2", False),
        ("b = 1", "nonsense(", False),
    ],
)
def test_relations_are_compared_by_meaning(left: str, right: str, same: bool) -> None:
    assert same_relation(left, right) is same


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_a_chain_is_true_for_numbers_in_its_order(low: float, d: float) -> None:
    relation = parse_relation("w_0 < d")
    assert relation is not None
    assert holds(relation, {"w_0": low, "d": d}) == (
        low < d and not holds(parse_relation("w_0 = d") or (), {"w_0": low, "d": d})
    )


@pytest.mark.parametrize("text", ["x", "x =", "= x", "f(x) = 1", "x = 1 = ", "a \\in b", "x = ∞", ""])
def test_other_texts_are_not_relations(text: str) -> None:
    assert parse_relation(text) is None


def test_the_error_names_a_symbol_without_a_value() -> None:
    with pytest.raises(KeyError, match="w_9"):
        holds(parse_relation("d > w_9") or (), {"d": 1.0})
