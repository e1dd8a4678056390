"""Sequential test: when enough images were evaluated to decide whether declared accuracies hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from harness.evaluate.statistics.confidence_sequence import confidence_interval, prior_around
from harness.evaluate.statistics.scores import Counts, percent


class Conclusion(StrEnum):
    """What the sequential test concludes about a declared accuracy."""

    WITHIN_MARGIN = "within margin"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Decision:
    """A conclusion, the counts at which it was reached, and the interval, in percent, of the accuracy on all images."""

    conclusion: Conclusion
    counts: Counts
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """Images are evaluated in random order until each declared accuracy of a model is within the margin or excluded.

    `declared` are metrics with their percentages. Within: the whole interval is within `margin` points of the declared
    value. Excluded: the whole interval is farther off than `margin` and `tolerance` points, so a model that all images
    would reproduce or explain is never excluded. `alpha` is the probability of a wrong decision on any of the model's
    accuracies; each gets an equal part of it (Bonferroni).
    """

    declared: tuple[tuple[str, Decimal], ...]
    alpha: Decimal
    margin: Decimal
    tolerance: Decimal

    @property
    def alpha_each(self) -> Decimal:
        """The part of `alpha` for each declared accuracy."""
        return self.alpha / len(self.declared)

    @property
    def excluded_beyond(self) -> Decimal:
        """The distance from the declared value, in points, beyond which an accuracy is excluded."""
        return max(self.margin, self.tolerance)

    def decision(self, metric: str, interim_counts: Sequence[Counts], total_images: int) -> Decision | None:
        """The first decision on a metric; None while it is undecided. `interim_counts` are cumulative."""
        decisions = (self._decision_at(metric, counts, total_images) for counts in interim_counts)
        return next(filter(None, decisions), None)

    def decided_at(self, interim_counts: Sequence[Counts], total_images: int) -> Counts | None:
        """The counts at which the last declared accuracy was decided; None while one is undecided."""
        decisions = [self.decision(metric, interim_counts, total_images) for metric, _ in self.declared]
        decided = [decision.counts for decision in decisions if decision is not None]
        return max(decided, key=lambda counts: counts.images) if len(decided) == len(decisions) else None

    def _decision_at(self, metric: str, counts: Counts, total_images: int) -> Decision | None:
        declared = dict(self.declared)[metric]
        correct = int(getattr(counts, metric))
        low, high = confidence_interval(correct, counts.images, total_images, prior_around(declared), self.alpha_each)
        interval = percent(low, total_images), percent(high, total_images)
        # Compared as counts times 100, which is exact.
        low, high = 100 * low, 100 * high
        if (declared - self.margin) * total_images <= low and high <= (declared + self.margin) * total_images:
            return Decision(Conclusion.WITHIN_MARGIN, counts, *interval)
        beyond = self.excluded_beyond
        if high < (declared - beyond) * total_images or low > (declared + beyond) * total_images:
            return Decision(Conclusion.EXCLUDED, counts, *interval)
        return None
