"""What every report shows first: one cell a column of the overview, and verdicts that share a cause together."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.report.values import count_of
from harness.verdict import SEVERITY, Status, Verdict

# The columns of the overview, and the kinds of claim that each stands for.
COLUMNS: dict[str, tuple[str, ...]] = {
    "params": ("parameters",),
    "FLOPs": ("flops",),
    "file size": ("file_size",),
    "weights": ("weights",),
    "training": (
        "epochs",
        "batch_size",
        "momentum",
        "weight_decay",
        "training_resources",
        "training_techniques",
        "training_data",
    ),
    "code": ("code",),
    "top-1": ("top_1_accuracy",),
    "top-5": ("top_5_accuracy",),
}
NOT_DECLARED = "none"

# The order in which causes are told: what is false first.
_TOLD = (
    Status.ERROR,
    Status.FAIL,
    Status.WAIVED,
    Status.EXPLAINED,
    Status.NOT_RUN,
    Status.UNCHECKED,
)


def words(status: Status) -> str:
    """The status as people read it: `not_run` → `not run`."""
    return status.value.replace("_", " ")


def cell(verdicts: Iterable[Verdict], column: str) -> Status | None:
    """The most serious status among a model's verdicts in `column`; None where nothing is declared."""
    found = {verdict.status for verdict in verdicts if verdict.claim.kind in COLUMNS[column]}
    return next((status for status in SEVERITY if status in found), None)


def columns(verdicts: Iterable[Verdict]) -> list[str]:
    """The columns that some verdict belongs to."""
    kinds = {verdict.claim.kind for verdict in verdicts}
    return [column for column, of in COLUMNS.items() if kinds.intersection(of)]


def by_page(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """The verdicts of each page, in order."""
    pages: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        pages.setdefault(verdict.claim.page, []).append(verdict)
    return pages


def by_model(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """The verdicts of each model, in order; those of the page itself are left out."""
    models: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.claim.model is not None:
            models.setdefault(verdict.claim.model, []).append(verdict)
    return models


def summary(verdicts: Iterable[Verdict]) -> dict[Status, int]:
    """How many verdicts have each status, all statuses named."""
    counted = Counter(verdict.status for verdict in verdicts)
    return {status: counted[status] for status in Status}


def summary_line(verdicts: Sequence[Verdict]) -> str:
    """`301 claims: 242 pass, 12 explained, 14 fail`."""
    counts = ", ".join(f"{count} {words(status)}" for status, count in summary(verdicts).items() if count)
    return count_of(len(verdicts), "claim") + (f": {counts}" if counts else "")


def sentence(verdict: Verdict) -> str:
    """A verdict on one line, for places that hold no more: declared, measured, why, remedy."""
    measured = f", measured {verdict.measured}" if verdict.measured else ""
    remedy = f" Remedy: {verdict.remedy}." if verdict.remedy else ""
    return f"Declared {verdict.claim.declared}{measured}. {verdict.reason}{remedy}"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why verdicts are not `pass`: those that share kind, status, reason, method and remedy."""

    verdicts: tuple[Verdict, ...]

    @property
    def first(self) -> Verdict:
        """The verdict that speaks for what all share."""
        return self.verdicts[0]

    def shared(self, field: str) -> str | None:
        """The value of `field` (`declared`, `measured`, `difference`) if all verdicts have the same."""
        values = {value_of(verdict, field) for verdict in self.verdicts}
        return values.pop() if len(values) == 1 else None

    def varying(self) -> list[str]:
        """The fields among declared, measured and difference that the verdicts do not share."""
        fields = ("declared", "measured", "difference")
        return [field for field in fields if len({value_of(verdict, field) for verdict in self.verdicts}) > 1]


def value_of(verdict: Verdict, field: str) -> str | None:
    """A verdict's declared value, measured value or difference."""
    return {
        "declared": verdict.claim.declared,
        "measured": verdict.measured,
        "difference": verdict.difference,
    }[field]


def causes(verdicts: Iterable[Verdict]) -> list[Cause]:
    """Every verdict that is not `pass`, those of one cause together, what is false first."""
    groups: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.status is not Status.PASS:
            cause = (verdict.status, verdict.claim.kind, verdict.reason, verdict.method, verdict.remedy)
            groups.setdefault(cause, []).append(verdict)
    found = [Cause(tuple(group)) for group in groups.values()]
    return sorted(found, key=lambda cause: _TOLD.index(cause.first.status))
