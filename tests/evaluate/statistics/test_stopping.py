"""When a declared accuracy is decided: inside the margin, or excluded, and for how many images."""

from decimal import Decimal
from itertools import accumulate

import pytest

from harness.evaluate.statistics.scores import Counts
from harness.evaluate.statistics.stopping import StoppingRule, Sure
from tests.conftest import MODELS, index_of, page_text
from tests.evaluate.statistics.test_confidence_sequence import ALL, LOOKS

LOOK_AT = list(accumulate(LOOKS[ALL]))
LIMITS = (Decimal("0.001"), Decimal("0.5"), Decimal("0.15"))
RULE = StoppingRule(
    (("top_1", Decimal("76.3")), ("top_5", Decimal("93.0"))), Decimal("0.001"), Decimal("0.5"), Decimal("0.15")
)


def looks(top_1: str, top_5: str, at: list[int] = LOOK_AT) -> list[Counts]:
    """Counts of a model of these accuracies, each look as it is on average."""
    return [Counts(n, round(n * Decimal(top_1) / 100), round(n * Decimal(top_5) / 100)) for n in at]


def test_what_is_true_is_inside_and_its_interval_within_the_margin() -> None:
    found = RULE.decision("top_1", looks("76.3", "93"), ALL)
    assert found is not None
    assert found.sure is Sure.INSIDE
    assert Decimal("75.8") <= found.low <= found.high <= Decimal("76.8")
    assert 20_000 < found.counts.images < ALL


@pytest.mark.parametrize("declared", ["100", "0", "120", "-3", "1E+40"])
def test_values_at_the_edge_and_beyond_are_decided_too(declared: str) -> None:
    rule = StoppingRule((("top_1", Decimal(declared)),), *LIMITS)
    found = rule.decision("top_1", looks("50", "90"), ALL)
    assert found is not None
    assert (found.sure, found.counts.images) == (Sure.EXCLUDED, 100)
    perfect = rule.decision("top_1", looks("100", "100"), ALL)
    assert perfect is not None
    assert perfect.sure is (Sure.INSIDE if declared == "100" else Sure.EXCLUDED)


def test_a_model_is_decided_with_the_last_of_its_accuracies_and_each_keeps_its_own_decision() -> None:
    seen = looks("70", "93")
    first, second = (RULE.decision(metric, seen, ALL) for metric in ("top_1", "top_5"))
    assert first is not None
    assert second is not None
    assert (first.sure, second.sure) == (Sure.EXCLUDED, Sure.INSIDE)
    assert first.counts.images < second.counts.images
    assert RULE.decided_after(seen, ALL) == second.counts
    assert RULE.decided_after(seen[: seen.index(first.counts) + 1], ALL) is None


def test_two_accuracies_share_alpha() -> None:
    alone = StoppingRule(RULE.declared[:1], RULE.alpha / 2, RULE.margin, RULE.tolerated)
    assert alone.decision("top_1", looks("76.3", "93"), ALL) == RULE.decision("top_1", looks("76.3", "93"), ALL)


@pytest.mark.parametrize(("tolerated", "excluded"), [("0.15", True), ("0.6", False)])
def test_what_all_images_would_explain_is_not_excluded(tolerated: str, excluded: bool) -> None:
    """0.55 points off: farther than the margin, and within what bf16 may move."""
    rule = StoppingRule((("top_1", Decimal("76.3")),), Decimal("0.001"), Decimal("0.5"), Decimal(tolerated))
    found = rule.decision("top_1", looks("75.75", "93", [*LOOK_AT[:-1], 49_900]), ALL)
    assert (found is not None and found.sure is Sure.EXCLUDED) is excluded


def test_the_last_image_decides_all_but_what_lies_between() -> None:
    rule = StoppingRule((("top_1", Decimal(50)),), *LIMITS)
    for right, sure in ((252, Sure.INSIDE), (253, Sure.EXCLUDED), (248, Sure.INSIDE), (247, Sure.EXCLUDED)):
        found = rule.decision("top_1", [Counts(500, right, 500)], 500)
        assert found is not None
        assert found.sure is sure
        assert found.low == found.high


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("off", "most"), [(5, 2000), (-5, 3000)])
def test_a_claim_of_the_page_that_is_5_points_off_is_decided_within_2000_images(
    model: str, off: int, most: int
) -> None:
    """On the average path; `ci/savings.py` simulates others. A value declared too low can take a look more."""
    (result,) = index_of(page_text()).models[model].results
    for metric, kind in (("top_1", "top_1_accuracy"), ("top_5", "top_5_accuracy")):
        true = Decimal((result.text(kind) or "").rstrip("%"))
        if true + off > 100:
            continue
        rule = StoppingRule(
            (("top_1", true + off), ("top_5", true + off)), Decimal("0.001"), Decimal("0.5"), Decimal("0.15")
        )
        found = rule.decision(metric, looks(str(true), str(true)), ALL)
        assert found is not None
        assert found.sure is Sure.EXCLUDED
        assert found.counts.images <= most
