"""What all reports share: the columns of the overview, counts, and groups of similar verdicts."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.report.values import MISSING, count_of
from harness.verdict import SEVERITY, Status, Verdict

_Item = TypeVar("_Item")
_Key = TypeVar("_Key")

# The columns of the overview, each with the kinds of claim that it covers.
COLUMNS: dict[str, tuple[str, ...]] = {
    "params": ("parameters",),
    "FLOPs": ("flops",),
    "file size": ("file_size",),
    "weights": ("weights",),
    "recipe": (
        *("epochs", "batch_size", "minibatch_size", "momentum", "weight_decay"),
        *("lr", "lr_gamma", "lr_step_size", "rmsprop_decay", "label_smoothing", "batchnorm_momentum"),
        *("dropout", "stochastic_depth_survival", "warmup_steps", "training_steps"),
        *("training_resources", "training_techniques", "training_data"),
    ),
    "code": ("code",),
    "top-1": ("top_1_accuracy",),
    "top-5": ("top_5_accuracy",),
}

# The order of the groups in a report.
_GROUP_ORDER = (Status.ERROR, Status.FAIL, Status.WAIVED, Status.EXPLAINED, Status.NOT_RUN, Status.UNCHECKED)


def status_label(status: Status) -> str:
    """The status as shown to people: `not_run` → `not run`."""
    return status.value.replace("_", " ")


def worst_status(verdicts: Iterable[Verdict], column: str) -> Status | None:
    """The most serious status of a model's claims in `column`; None if it declares none."""
    statuses = {verdict.status for verdict in verdicts if verdict.claim.kind in COLUMNS[column]}
    return next((status for status in SEVERITY if status in statuses), None)


def used_columns(verdicts: Iterable[Verdict]) -> list[str]:
    """The columns of the overview that at least one verdict belongs to."""
    kinds = {verdict.claim.kind for verdict in verdicts}
    return [column for column, covered in COLUMNS.items() if kinds.intersection(covered)]


def group_by(items: Iterable[_Item], key: Callable[[_Item], _Key]) -> dict[_Key, list[_Item]]:
    """The items by their key, in order of first occurrence."""
    groups: dict[_Key, list[_Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def by_page(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """The verdicts of each page, in order."""
    return group_by(verdicts, lambda verdict: verdict.claim.page)


def by_model(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """The verdicts of each model, in order, without those on claims of the page itself."""
    groups = group_by(verdicts, lambda verdict: verdict.claim.model)
    return {model: of_model for model, of_model in groups.items() if model is not None}


def count_by_status(verdicts: Iterable[Verdict]) -> dict[Status, int]:
    """The number of verdicts for every status."""
    counts = Counter(verdict.status for verdict in verdicts)
    return {status: counts[status] for status in Status}


def summary_line(verdicts: Sequence[Verdict]) -> str:
    """`301 claims: 242 pass, 12 explained, 14 fail`."""
    counts = ", ".join(
        f"{count} {status_label(status)}" for status, count in count_by_status(verdicts).items() if count
    )
    return count_of(len(verdicts), "claim") + (f": {counts}" if counts else "")


def title(verdict: Verdict) -> str:
    """`fail: flops of regnety_002`."""
    claim = verdict.claim
    return f"{status_label(verdict.status)}: {claim.kind} of {claim.model or claim.page}"


def one_line(verdict: Verdict) -> str:
    """Declared value, measured value, reason and remedy on one line."""
    measured = f", measured {verdict.measured}" if verdict.measured else ""
    remedy = f" Remedy: {verdict.remedy}." if verdict.remedy else ""
    return f"Declared {verdict.claim.declared}{measured}. {verdict.reason}{remedy}"


def fields(verdict: Verdict) -> dict[str, str]:
    """The values of a verdict by name, in reading order, without those it does not have."""
    values = {
        "declared": verdict.claim.declared,
        "measured": verdict.measured,
        "difference": verdict.difference,
        "method": verdict.method,
        "why": verdict.reason,
        "remedy": verdict.remedy,
    }
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class VerdictGroup:
    """Verdicts that are not `pass` and have the same kind, status, reason, method and remedy."""

    verdicts: Sequence[Verdict]

    @property
    def first(self) -> Verdict:
        """The first verdict, for the values that all verdicts share."""
        return self.verdicts[0]

    def shared(self) -> dict[str, str]:
        """The fields that have the same value in all verdicts."""
        rows = [fields(verdict) for verdict in self.verdicts]
        return {name: value for name, value in rows[0].items() if all(row.get(name) == value for row in rows)}

    def varying(self) -> dict[str, list[str]]:
        """The fields that differ, each with one value per verdict."""
        rows = [fields(verdict) for verdict in self.verdicts]
        columns = {name: [row.get(name, MISSING) for row in rows] for name in ("declared", "measured", "difference")}
        return {name: values for name, values in columns.items() if len(set(values)) > 1}


def group_verdicts(verdicts: Iterable[Verdict]) -> list[VerdictGroup]:
    """All verdicts that are not `pass`, grouped, false ones first."""
    groups = group_by(
        (verdict for verdict in verdicts if verdict.status is not Status.PASS),
        lambda verdict: (verdict.status, verdict.claim.kind, verdict.reason, verdict.method, verdict.remedy),
    )
    return sorted(map(VerdictGroup, groups.values()), key=lambda group: _GROUP_ORDER.index(group.first.status))
