"""When enough images were seen to say whether declared accuracies hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from harness.evaluate.statistics.confidence_sequence import confidence_interval, prior_around
from harness.evaluate.statistics.scores import Counts, percent


class Sure(StrEnum):
    """What is certain of a declared accuracy, to the confidence that was asked for."""

    INSIDE = "inside"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Decision:
    """What became certain of an accuracy at which counts, and the interval, in percent, that it has on all images."""

    sure: Sure
    counts: Counts
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """Images in random order are evaluated until each declared accuracy of a model is certain to be inside or out.

    `declared` are metrics with their percentages. Inside: the whole interval is within `margin` points of the
    declared value. Excluded: none of it is, nor within `tolerated` points, so that a model which all images would
    reproduce or explain is never excluded. `alpha` is the probability of a wrong decision on any of the model's
    accuracies; each has an equal part of it (Bonferroni).
    """

    declared: tuple[tuple[str, Decimal], ...]
    alpha: Decimal
    margin: Decimal
    tolerated: Decimal

    @property
    def alpha_each(self) -> Decimal:
        """The part of `alpha` that each declared accuracy has."""
        return self.alpha / len(self.declared)

    @property
    def reach(self) -> Decimal:
        """How far, in points, an accuracy is at least from the declared one where that is excluded."""
        return max(self.margin, self.tolerated)

    def decision(self, metric: str, looks: Sequence[Counts], of: int) -> Decision | None:
        """The first that the looks allow; None while the metric is open. A look holds the counts up to it."""
        return next((found for look in looks if (found := self._at(metric, look, of))), None)

    def decided_after(self, looks: Sequence[Counts], of: int) -> Counts | None:
        """The look by which every declared accuracy is decided; None while one is open."""
        decisions = [self.decision(metric, looks, of) for metric, _ in self.declared]
        counts = [one.counts for one in decisions if one is not None]
        return max(counts, key=lambda one: one.images) if len(counts) == len(decisions) else None

    def _at(self, metric: str, look: Counts, of: int) -> Decision | None:
        declared = dict(self.declared)[metric]
        right = int(getattr(look, metric))
        low, high = confidence_interval(right, look.images, of, prior_around(declared), self.alpha_each)
        interval = percent(low, of), percent(high, of)
        if (declared - self.margin) * of <= 100 * low and 100 * high <= (declared + self.margin) * of:
            return Decision(Sure.INSIDE, look, *interval)
        if 100 * high < (declared - self.reach) * of or 100 * low > (declared + self.reach) * of:
            return Decision(Sure.EXCLUDED, look, *interval)
        return None
