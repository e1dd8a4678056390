"""A verdict: a claim, its status, and the evidence that a reader needs to believe it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, TypedDict, Unpack

from harness.index.claim import Claim, claim_of_text
from harness.index.faults import Fault, Location


class Status(StrEnum):
    """The result of judging a claim."""

    PASS = "pass"
    EXPLAINED = "explained"
    FAIL = "fail"
    NOT_RUN = "not_run"
    UNCHECKED = "unchecked"
    WAIVED = "waived"
    ERROR = "error"


# The most serious first: a table cell that stands for several verdicts shows the first of these.
SEVERITY = (
    Status.ERROR,
    Status.FAIL,
    Status.WAIVED,
    Status.NOT_RUN,
    Status.UNCHECKED,
    Status.EXPLAINED,
    Status.PASS,
)


def failing_statuses(*, strict: bool) -> frozenset[Status]:
    """The statuses that give exit code 1; `strict` adds `explained` and `not_run`."""
    return frozenset({Status.FAIL, Status.EXPLAINED, Status.NOT_RUN} if strict else {Status.FAIL})


# Kinds that only structure a page. That they are right is no result: reports leave out their `pass`, and nothing else.
STRUCTURAL_KINDS = frozenset({"task", "tasks", "name", "type", "id", "collection_name", "library"})

# A value in the evidence. A tuple is a series, such as the widths of all blocks.
Cell = str | int | float | bool | tuple[str | int | float, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One named value, or a list of them."""

    id: str
    label: str
    values: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values. Without `columns`, each row is a name and its value."""

    id: str
    label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def column(self, name: str) -> list[Cell]:
        """The values of one column. Raises ValueError if there is no such column."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]


Evidence = Fact | Table


def fact(id: str, label: str, value: Cell) -> Fact:  # noqa: A002 - the field's name
    """A fact with one value."""
    return Fact(id, label, (value,))


def facts(id: str, label: str, values: Iterable[Cell]) -> Fact:  # noqa: A002
    """A fact with a list of values."""
    return Fact(id, label, tuple(values))


def table(id: str, label: str, rows: Sequence[Mapping[str, Cell]]) -> Table:  # noqa: A002
    """A table from rows by column name. A value that a row lacks is shown as `-`."""
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(id, label, columns, tuple(tuple(row.get(name, "-") for name in columns) for row in rows))


def properties(id: str, label: str, values: Mapping[str, Cell]) -> Table:  # noqa: A002
    """A table of names and their values."""
    return Table(id, label, (), tuple(values.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on one claim. Made by `passed`, `failed` and the other constructors below.

    `measured` is the value found on this machine by `method`, `difference` its distance from the declared one.
    `correction` is what to declare instead: a text, or the items of a list. `environment` names the machine and the
    versions of an evaluation; committed reports leave it out.
    """

    claim: Claim
    status: Status
    reason: str
    measured: str | None = None
    difference: str | None = None
    method: str | None = None
    remedy: str | None = None
    evidence: Sequence[Evidence] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    correction: Sequence[str] = ()

    @property
    def is_structural_pass(self) -> bool:
        """Whether reports leave it out."""
        return self.status is Status.PASS and self.claim.kind in STRUCTURAL_KINDS

    def find(self, evidence_id: str) -> Evidence | None:
        """The evidence with this id."""
        return next((item for item in self.evidence if item.id == evidence_id), None)

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain values, for the JSON report and the cache."""
        claim = self.claim
        return {
            "page": claim.page,
            "model": claim.model,
            "claim": claim.kind,
            "status": self.status.value,
            "declared": claim.declared,
            "measured": self.measured,
            "difference": self.difference,
            "method": self.method,
            "reason": self.reason,
            "remedy": self.remedy,
            "correction": list(self.correction),
            "where": asdict(claim.where),
            "evidence": {item.id: _evidence_as_json(item) for item in self.evidence},
            "environment": dict(self.environment),
        }


def _evidence_as_json(item: Evidence) -> dict[str, Any]:
    if isinstance(item, Fact):
        return {"label": item.label, "values": list(item.values)}
    return {"label": item.label, "columns": list(item.columns), "rows": [list(row) for row in item.rows]}


def verdict_from_json(data: Mapping[str, Any]) -> Verdict:
    """The verdict that `as_json` wrote."""
    claim = claim_of_text(data["page"], data["model"], data["claim"], data["declared"], Location(**data["where"]))
    plain = {name: data[name] for name in ("reason", "measured", "difference", "method", "remedy", "environment")}
    return Verdict(
        claim=claim,
        status=Status(data["status"]),
        evidence=tuple(_evidence_from_json(name, item) for name, item in data["evidence"].items()),
        correction=tuple(data["correction"]),
        **plain,
    )


def _evidence_from_json(evidence_id: str, item: Mapping[str, Any]) -> Evidence:
    if "values" in item:
        return Fact(evidence_id, item["label"], _cells(item["values"]))
    return Table(evidence_id, item["label"], tuple(item["columns"]), tuple(map(_cells, item["rows"])))


def _cells(values: Iterable[Any]) -> tuple[Cell, ...]:
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)


class Details(TypedDict, total=False):
    """The optional parts of a verdict, for the constructors below."""

    measured: str | None
    difference: str | None
    method: str | None
    evidence: Sequence[Evidence]
    environment: Mapping[str, Any]
    correction: Sequence[str]


def passed(claim: Claim, *, reason: str, remedy: str | None = None, **details: Unpack[Details]) -> Verdict:
    """The claim was reproduced under the declared conditions."""
    return _verdict(claim, Status.PASS, reason, remedy, details)


def explained(claim: Claim, *, reason: str, remedy: str | None = None, **details: Unpack[Details]) -> Verdict:
    """The claim was reproduced exactly, under conditions or a convention other than the declared ones."""
    return _verdict(claim, Status.EXPLAINED, reason, remedy, details)


def failed(claim: Claim, *, reason: str, remedy: str, **details: Unpack[Details]) -> Verdict:
    """The claim was proven false. `remedy` says what to declare or do instead."""
    return _verdict(claim, Status.FAIL, reason, remedy, details)


def not_run(claim: Claim, *, reason: str, remedy: str, **details: Unpack[Details]) -> Verdict:
    """Something that the check needs is missing on this machine. `remedy` says what supplies it."""
    return _verdict(claim, Status.NOT_RUN, reason, remedy, details)


def unchecked(claim: Claim, *, reason: str, remedy: str | None = None, **details: Unpack[Details]) -> Verdict:
    """No check can decide the claim."""
    return _verdict(claim, Status.UNCHECKED, reason, remedy, details)


def errored(claim: Claim, *, reason: str, remedy: str, **details: Unpack[Details]) -> Verdict:
    """The check could not finish, or what it is about cannot be read."""
    return _verdict(claim, Status.ERROR, reason, remedy, details)


def faulty(claim: Claim, fault: Fault) -> Verdict:
    """The value cannot be read, or is one that its field cannot have."""
    if fault.is_false:
        return failed(claim, reason=f"Expected {fault.expected}.", remedy=fault.fix)
    return errored(claim, reason=f"Cannot be read: expected {fault.expected}, got {fault.found}.", remedy=fault.fix)


def _verdict(claim: Claim, status: Status, reason: str, remedy: str | None, details: Details) -> Verdict:
    details["evidence"] = tuple(details.get("evidence", ()))
    details["correction"] = tuple(details.get("correction", ()))
    return Verdict(claim=claim, status=status, reason=reason, remedy=remedy, **details)


class NotHereError(Exception):
    """Something that a check needs is missing on this machine: what it is, and what supplies it."""

    def __init__(self, missing: str, supply: str) -> None:
        self.missing = missing
        self.supply = supply
        super().__init__(f"{missing}; {supply}")

    @property
    def reason(self) -> str:
        """What is missing, as a sentence."""
        return f"{self.missing[:1].upper()}{self.missing[1:]}."

    def __reduce__(self) -> tuple[type["NotHereError"], tuple[str, str]]:
        return type(self), (self.missing, self.supply)
