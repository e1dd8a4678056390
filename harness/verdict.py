"""A verdict: a claim, how it fared, and everything a reader needs to believe it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from harness.index.claim import Claim, claim_of_text
from harness.index.faults import Location


class Status(StrEnum):
    """How a claim fared."""

    PASS = "pass"
    EXPLAINED = "explained"
    FAIL = "fail"
    NOT_RUN = "not_run"
    UNCHECKED = "unchecked"
    WAIVED = "waived"
    ERROR = "error"


# The most serious first: what a cell that stands for several verdicts shows.
SEVERITY = (
    Status.ERROR,
    Status.FAIL,
    Status.WAIVED,
    Status.NOT_RUN,
    Status.UNCHECKED,
    Status.EXPLAINED,
    Status.PASS,
)


def false_statuses(*, strict: bool) -> frozenset[Status]:
    """The statuses that make a run end as false; `strict` counts what is not proven among them."""
    return frozenset({Status.FAIL, Status.EXPLAINED, Status.NOT_RUN} if strict else {Status.FAIL})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one claim.

    `measured` is what was found here, by `method`; `difference` says how far it is from the declared value.
    `correction` is what to declare instead, as measured here or published: a text, or the items of a list.
    `evidence` holds plain values, and tables as lists of rows. `environment` says on which machine and with which
    versions it was measured, where that matters; committed reports leave it out.
    """

    claim: Claim
    status: Status
    reason: str
    measured: str | None = None
    difference: str | None = None
    method: str | None = None
    remedy: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    correction: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The verdict as the JSON report holds it."""
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
            "evidence": dict(self.evidence),
            "environment": dict(self.environment),
        }


def verdict_from_json(data: Mapping[str, Any]) -> Verdict:
    """The verdict that `as_json` wrote."""
    where = Location(**data["where"])
    claim = claim_of_text(data["page"], data["model"], data["claim"], data["declared"], where)
    return Verdict(
        claim,
        Status(data["status"]),
        data["reason"],
        data["measured"],
        data["difference"],
        data["method"],
        data["remedy"],
        data["evidence"],
        data["environment"],
        tuple(data["correction"]),
    )


class NotHereError(Exception):
    """Something a check needs is missing on this machine: what, and what supplies it."""

    def __init__(self, missing: str, supply: str) -> None:
        self.missing = missing
        self.supply = supply
        super().__init__(f"{missing}; {supply}")

    def __reduce__(self) -> tuple[type["NotHereError"], tuple[str, str]]:
        return type(self), (self.missing, self.supply)
