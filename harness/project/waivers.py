"""Waivers: claims that are known to be false, accepted until the expiry date that verify.toml gives with a reason.

Dates are UTC, so that a run gives the same answer in every time zone. A waiver covers its expiry date. From the day
after, the run fails on every machine: its claim is `fail` again, and so is the waiver.

Committed reports do not depend on the day: they show a waived claim with its expiry date even after that date.
Otherwise `git diff --exit-code` on them would fail for a change that has nothing to do with the waiver.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from harness.index.claim import Claim
from harness.index.faults import Location
from harness.verdict import Status, Verdict, failed

# Their claim may be false on another machine, so that the waiver may still be needed.
_UNDECIDED = {Status.NOT_RUN, Status.ERROR}


@dataclass(frozen=True, slots=True)
class Waiver:
    """A false claim that is accepted up to and including a date. `where` is its place in verify.toml.

    `model` is `page` for a claim of the page itself.
    """

    model: str
    claim: str
    reason: str
    expires: date
    where: Location


def utc_today() -> date:
    """The current date in UTC."""
    return datetime.now(UTC).date()


def apply_waivers(
    verdicts: Sequence[Verdict], waivers: Sequence[Waiver], today: date | None, *, everything: bool
) -> tuple[Verdict, ...]:
    """The verdicts, with `waived` for failures that a waiver covers, then a `fail` for each faulty waiver.

    A waiver is faulty if it has expired, or if it is not needed; the latter is known only if `everything` was verified
    and could be read.
    With None for `today`, no waiver has expired.
    """
    everything = everything and not any(verdict.claim.hides_others for verdict in verdicts)
    expired = {waiver for waiver in waivers if today and waiver.expires < today}
    covering = {(waiver.model, waiver.claim): waiver for waiver in waivers if waiver not in expired}
    waived = tuple(_waived(verdict, covering.get(_covered(verdict))) for verdict in verdicts)
    return waived + tuple(_faults(verdicts, waivers, expired, everything=everything))


def _covered(verdict: Verdict) -> tuple[str, str]:
    return verdict.claim.model or "page", verdict.claim.kind


def _waived(verdict: Verdict, waiver: Waiver | None) -> Verdict:
    if waiver is None or verdict.status is not Status.FAIL:
        return verdict
    reason = f"{verdict.reason} Waived until {waiver.expires}: {waiver.reason}"
    return replace(verdict, status=Status.WAIVED, reason=reason)


def _faults(
    verdicts: Sequence[Verdict], waivers: Iterable[Waiver], expired: set[Waiver], *, everything: bool
) -> Iterator[Verdict]:
    by_claim: defaultdict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_claim[_covered(verdict)].append(verdict)
    for waiver in waivers:
        covered = by_claim.get((waiver.model, waiver.claim), ())
        statuses = {verdict.status for verdict in covered}
        page = covered[0].claim.page if covered else verdicts[0].claim.page if verdicts else waiver.where.file
        model = covered[0].claim.model if covered else None
        claim = Claim(page, model, "waiver", f"{waiver.model} {waiver.claim}, until {waiver.expires}", waiver.where)
        if waiver in expired and (covered or everything):
            reason = f"The waiver has expired: {waiver.reason}"
            yield failed(claim, reason=reason, remedy="correct the claim, or set a new expiry date")
        elif not everything:
            continue
        elif not covered:
            reason = f"No page has a claim {waiver.claim} of {waiver.model}."
            yield failed(claim, reason=reason, remedy="remove the waiver, or correct its model and claim")
        elif not statuses & {Status.FAIL, *_UNDECIDED}:
            reason = "No claim that it covers is false any more."
            yield failed(claim, reason=reason, remedy="remove the waiver")
