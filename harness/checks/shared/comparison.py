"""Comparing a declared value with the expected one, and the networks of two builders with each other."""

from collections.abc import Callable
from decimal import Decimal
from typing import Unpack

from harness.checks.shared.subject import Subject
from harness.index.claim import Claim
from harness.verdict import Details, Verdict, errored, failed, passed
from harness.zoo import Network


def difference(declared: Decimal | int, measured: Decimal | int) -> str | None:
    """The relative difference, such as `-22.0%`; the absolute one if that rounds to 0.0%; None if they are equal."""
    gap = Decimal(measured) - Decimal(declared)
    if not gap:
        return None
    percent = f"{gap / Decimal(declared):+.1%}" if declared else ""
    return percent if percent.strip("+-0.%") else f"{gap:+f}"


def decide(claim: Claim, holds: bool, *, match: str, mismatch: str, remedy: str, **details: Unpack[Details]) -> Verdict:
    """Pass with the reason `match` if the claim holds, without difference and correction; otherwise fail."""
    if not holds:
        return failed(claim, reason=mismatch, remedy=remedy, **details)
    details["difference"], details["correction"] = None, ()
    return passed(claim, reason=match, **details)


def expect_text(claim: Claim, expected: str, *, match: str, mismatch: str, **details: Unpack[Details]) -> Verdict:
    """Pass if the declared text is the expected one, otherwise fail and correct it; with the reason for either."""
    remedy = f"change it to {expected}"
    details["measured"], details["correction"] = expected, (expected,)
    return decide(claim, claim.texts == (expected,), match=match, mismatch=mismatch, remedy=remedy, **details)


def cross_check(
    claim: Claim, subject: Subject, count: int, count_of: Callable[[Network], int], unit: str
) -> Verdict | None:
    """With `--cross-check`: an `error` verdict if the second builder's network has another count; otherwise None."""
    other = subject.second_network
    if other is None or (second := count_of(other)) == count:
        return None
    reason = f"The network of {subject.network.builder} has {count} {unit}, but that of {other.builder} has {second}."
    remedy = "report this as a fault of the harness: one of the two networks is wrong"
    return errored(claim, reason=reason, method="cross-check", remedy=remedy)
