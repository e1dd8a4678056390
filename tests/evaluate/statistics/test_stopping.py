"""When the sequential test decides about a declared accuracy, and what it concludes."""

from decimal import Decimal
from itertools import accumulate

import pytest

from harness.evaluate.statistics.scores import Counts
from harness.evaluate.statistics.stopping import Conclusion, StoppingRule
from tests.conftest import MODELS, index_of, page_text
from tests.evaluate.statistics.test_confidence_sequence import IMAGENET, SHARD_SIZES

SAMPLES = list(accumulate(SHARD_SIZES[IMAGENET]))
LIMITS = (Decimal("0.001"), Decimal("0.5"), Decimal("0.15"))
RULE = StoppingRule(
    (("top_1", Decimal("76.3")), ("top_5", Decimal("93.0"))), Decimal("0.001"), Decimal("0.5"), Decimal("0.15")
)


def average_counts(top_1: str, top_5: str, samples: list[int] = SAMPLES) -> list[Counts]:
    """The expected counts of a model with these accuracies, after each shard."""
    return [Counts(n, round(n * Decimal(top_1) / 100), round(n * Decimal(top_5) / 100)) for n in samples]


def test_true_accuracy_is_within_the_margin() -> None:
    decision = RULE.decision("top_1", average_counts("76.3", "93"), IMAGENET)
    assert decision is not None
    assert decision.conclusion is Conclusion.WITHIN_MARGIN
    assert Decimal("75.8") <= decision.low <= decision.high <= Decimal("76.8")
    assert 20_000 < decision.counts.images < IMAGENET


@pytest.mark.parametrize("declared", ["100", "0", "120", "-3", "1E+40"])
def test_values_at_and_beyond_0_and_100_percent_are_decided(declared: str) -> None:
    rule = StoppingRule((("top_1", Decimal(declared)),), *LIMITS)
    decision = rule.decision("top_1", average_counts("50", "90"), IMAGENET)
    assert decision is not None
    assert (decision.conclusion, decision.counts.images) == (Conclusion.EXCLUDED, 100)
    perfect = rule.decision("top_1", average_counts("100", "100"), IMAGENET)
    assert perfect is not None
    assert perfect.conclusion is (Conclusion.WITHIN_MARGIN if declared == "100" else Conclusion.EXCLUDED)


def test_model_is_decided_with_the_last_of_its_accuracies() -> None:
    counts = average_counts("70", "93")
    first, second = (RULE.decision(metric, counts, IMAGENET) for metric in ("top_1", "top_5"))
    assert first is not None
    assert second is not None
    assert (first.conclusion, second.conclusion) == (Conclusion.EXCLUDED, Conclusion.WITHIN_MARGIN)
    assert first.counts.images < second.counts.images
    assert RULE.decided_at(counts, IMAGENET) == second.counts
    assert RULE.decided_at(counts[: counts.index(first.counts) + 1], IMAGENET) is None


def test_two_accuracies_share_alpha() -> None:
    alone = StoppingRule(RULE.declared[:1], RULE.alpha / 2, RULE.margin, RULE.tolerance)
    counts = average_counts("76.3", "93")
    assert alone.decision("top_1", counts, IMAGENET) == RULE.decision("top_1", counts, IMAGENET)


@pytest.mark.parametrize(("tolerance", "excluded"), [("0.15", True), ("0.6", False)])
def test_accuracy_that_all_images_would_explain_is_not_excluded(tolerance: str, excluded: bool) -> None:
    """0.55 points off: farther than the margin, but within the tolerance of bf16."""
    rule = StoppingRule((("top_1", Decimal("76.3")),), Decimal("0.001"), Decimal("0.5"), Decimal(tolerance))
    decision = rule.decision("top_1", average_counts("75.75", "93", [*SAMPLES[:-1], 49_900]), IMAGENET)
    assert (decision is not None and decision.conclusion is Conclusion.EXCLUDED) is excluded


def test_all_images_decide() -> None:
    rule = StoppingRule((("top_1", Decimal(50)),), *LIMITS)
    for correct, conclusion in (
        (252, Conclusion.WITHIN_MARGIN),
        (253, Conclusion.EXCLUDED),
        (248, Conclusion.WITHIN_MARGIN),
        (247, Conclusion.EXCLUDED),
    ):
        decision = rule.decision("top_1", [Counts(500, correct, 500)], 500)
        assert decision is not None
        assert decision.conclusion is conclusion
        assert decision.low == decision.high


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("error", "max_images"), [(5, 2000), (-5, 3000)])
def test_claim_of_the_page_that_is_5_points_off_is_excluded_early(model: str, error: int, max_images: int) -> None:
    """With average counts; `ci/savings.py` simulates others. A value declared too low can take one more shard."""
    (result,) = index_of(page_text()).models[model].results
    for metric, kind in (("top_1", "top_1_accuracy"), ("top_5", "top_5_accuracy")):
        true = Decimal((result.text(kind) or "").rstrip("%"))
        if true + error > 100:
            continue
        rule = StoppingRule(
            (("top_1", true + error), ("top_5", true + error)), Decimal("0.001"), Decimal("0.5"), Decimal("0.15")
        )
        decision = rule.decision(metric, average_counts(str(true), str(true)), IMAGENET)
        assert decision is not None
        assert decision.conclusion is Conclusion.EXCLUDED
        assert decision.counts.images <= max_images
