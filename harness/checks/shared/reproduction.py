"""Whether an evaluation reproduces a declared accuracy, and which changed condition would."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from harness.checks.shared.subject import Subject
from harness.evaluate.evaluation import CandidateCause, Evaluation
from harness.index.entries import Entry
from harness.index.quantity import Quantity
from harness.project.resources import Tolerance
from harness.verdict import Evidence, NotHereError, Status, Table, fact, properties, table

# The kinds of claim, and their names in evaluations.
METRICS = {"top_1_accuracy": "top_1", "top_5_accuracy": "top_5"}
ACCURACY = fact(
    "accuracy",
    "accuracy",
    "percentage of images whose class has the highest score (top-1) or is among the five highest (top-5)",
)


class Match(StrEnum):
    """Whether a changed condition gives a declared accuracy."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "too few images to tell"


def accuracy_status(declared: Quantity, measured: Decimal, tolerance: Tolerance) -> Status:
    """`pass`, `explained` or `fail`, by the distance between the declared and the measured percentage."""
    distance = abs(measured - declared.value)
    if distance <= tolerance.passing:
        return Status.PASS
    return Status.EXPLAINED if distance <= tolerance.explained else Status.FAIL


@dataclass(frozen=True, slots=True)
class AccuracyComparison:
    """A declared accuracy and the evaluation that measured it, with the causes that were tried for a difference."""

    metric: str
    declared: Quantity
    evaluation: Evaluation
    tolerance: Tolerance

    @property
    def measured(self) -> Decimal:
        """The measured accuracy in percent."""
        return self.evaluation.scores.counts.percent(self.metric)

    @property
    def status(self) -> Status:
        """Whether the declared accuracy is reproduced."""
        return accuracy_status(self.declared, self.measured, self.tolerance)

    def match(self, cause: CandidateCause) -> Match:
        """Whether a cause gives the declared value; unknown if its margin covers the measured value too."""
        within = self.tolerance.explained + cause.margins[self.metric]
        if self._distance(cause) > within:
            return Match.NO
        return Match.YES if abs(self.measured - self.declared.value) > within else Match.UNKNOWN

    def causes(self, match: Match) -> list[CandidateCause]:
        """The causes with this match, closest to the declared value first."""
        return sorted((cause for cause in self.evaluation.causes if self.match(cause) is match), key=self._distance)

    def causes_table(self) -> Table:
        """All causes that were tried, for the evidence."""
        rows = [
            {
                "changed": f"{cause.kind} {cause.value}",
                "accuracy": self._estimate(cause),
                "images": str(cause.images),
                "reproduces": self.match(cause).value,
            }
            for cause in self.evaluation.causes
        ]
        return table("usual_causes", "usual causes", rows)

    def explanation(self) -> str:
        """A sentence that says which causes give the declared value, or that none does."""
        matching = self.causes(Match.YES)
        if matching:
            closest, *others = matching
            names = ", ".join(f"{cause.kind} {cause.value}" for cause in others)
            also = f"; so {'do' if len(others) > 1 else 'does'} {names}" if others else ""
            estimate = self._estimate(closest)
            return f"With {closest.kind} {closest.value} it is {estimate}, which matches the declared value{also}."
        if self.causes(Match.UNKNOWN):
            return "The sample is too small to tell whether a usual cause gives the declared value."
        return "None of the usual causes gives the declared value."

    def _distance(self, cause: CandidateCause) -> Decimal:
        return abs(cause.estimates[self.metric] - self.declared.value)

    def _estimate(self, cause: CandidateCause) -> str:
        margin = f" ± {cause.margins[self.metric]}" if cause.margins[self.metric] else ""
        return f"{cause.estimates[self.metric]}%{margin}"


def declared_accuracies(result: Entry) -> dict[str, Quantity]:
    """The accuracies that a result declares, by metric."""
    quantities = {metric: result.quantity(kind) for kind, metric in METRICS.items()}
    return {metric: quantity for metric, quantity in quantities.items() if quantity}


def comparisons(subject: Subject, result: Entry, evaluation: Evaluation) -> list[AccuracyComparison]:
    """Every accuracy that a result declares, compared to its evaluation."""
    tolerance, declared = subject.resources.tolerances[evaluation.precision], declared_accuracies(result)
    return [AccuracyComparison(metric, quantity, evaluation, tolerance) for metric, quantity in declared.items()]


def complete_evaluation(subject: Subject, result: Entry) -> Evaluation | None:
    """The evaluation of a result on all images; None if there is none on this machine."""
    try:
        evaluation = subject.evaluation(result)
    except NotHereError:
        return None
    return evaluation if isinstance(evaluation, Evaluation) and evaluation.complete else None


def reproduces(subject: Subject, result: Entry, evaluation: Evaluation) -> bool:
    """Whether a complete evaluation reproduces every accuracy that a result declares."""
    statuses = [comparison.status for comparison in comparisons(subject, result, evaluation)]
    return bool(statuses) and Status.FAIL not in statuses


def evaluation_evidence(evaluation: Evaluation) -> tuple[Evidence, ...]:
    """The images, weights and conditions of an evaluation."""
    conditions = {name: str(value) for name, value in evaluation.conditions.as_json().items()}
    return (
        fact("images", "images", str(evaluation.images)),
        fact("images_sha_256", "images, SHA-256", evaluation.images.fingerprint),
        fact("weights_sha_256", "weights, SHA-256", evaluation.weights),
        properties("conditions", "conditions", conditions),
    )
