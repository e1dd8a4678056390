"""Waivers: claims that are known to be false for now, by whom a reason and a last day are given in verify.toml."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from harness.index.claim import Claim
from harness.index.faults import Location
from harness.verdict import Status, Verdict, failed

# The verdicts of which nobody can say that their waiver is not needed.
_UNDECIDED = {Status.NOT_RUN, Status.ERROR}


@dataclass(frozen=True, slots=True)
class Waiver:
    """A false claim that is put up with until a day, that day included, and why. `where` is its place in verify.toml.

    `model` is `page` for a claim of the page itself.
    """

    model: str
    claim: str
    reason: str
    expires: date
    where: Location


def apply_waivers(
    verdicts: Sequence[Verdict], waivers: Sequence[Waiver], today: date, *, everything: bool
) -> tuple[Verdict, ...]:
    """The verdicts, those that a waiver covers as `waived`, then one for each waiver that expired or is not needed.

    Where not `everything` was verified, nothing says that a waiver is not needed.
    """
    covering = {(waiver.model, waiver.claim): waiver for waiver in waivers if waiver.expires >= today}
    waived = tuple(_waived(verdict, covering.get(_covered(verdict))) for verdict in verdicts)
    return waived + tuple(_faults(verdicts, waivers, today, everything=everything))


def _covered(verdict: Verdict) -> tuple[str, str]:
    return verdict.claim.model or "page", verdict.claim.kind


def _waived(verdict: Verdict, waiver: Waiver | None) -> Verdict:
    if waiver is None or verdict.status is not Status.FAIL:
        return verdict
    reason = f"{verdict.reason} Waived until {waiver.expires}: {waiver.reason}"
    return replace(verdict, status=Status.WAIVED, reason=reason)


def _faults(
    verdicts: Sequence[Verdict], waivers: Iterable[Waiver], today: date, *, everything: bool
) -> Iterator[Verdict]:
    for waiver in waivers:
        covered = [verdict for verdict in verdicts if _covered(verdict) == (waiver.model, waiver.claim)]
        statuses = {verdict.status for verdict in covered}
        page = covered[0].claim.page if covered else verdicts[0].claim.page if verdicts else waiver.where.file
        model = covered[0].claim.model if covered else None
        claim = Claim(page, model, "waiver", f"{waiver.model} {waiver.claim}, until {waiver.expires}", waiver.where)
        if waiver.expires < today and (covered or everything):
            reason = f"The waiver has expired: {waiver.reason}"
            yield failed(claim, reason=reason, remedy="mend the claim, or decide anew until when it is waived")
        elif not everything:
            continue
        elif not covered:
            reason = f"No page has a claim {waiver.claim} of {waiver.model}."
            yield failed(claim, reason=reason, remedy="remove the waiver, or correct its model and claim")
        elif not statuses & {Status.FAIL, *_UNDECIDED}:
            reason = "Nothing that it waives is false any more."
            yield failed(claim, reason=reason, remedy="remove the waiver")
