"""Comparing a declared value with the expected one."""

from collections.abc import Sequence
from decimal import Decimal

from harness.index.claim import Claim
from harness.verdict import Evidence, Verdict, failed, passed


def difference(declared: Decimal | int, measured: Decimal | int) -> str | None:
    """The relative difference, such as `-22.0%`; the absolute one if that rounds to 0.0%; None if they are equal."""
    gap = Decimal(measured) - Decimal(declared)
    if not gap:
        return None
    percent = f"{gap / Decimal(declared):+.1%}" if declared else ""
    return percent if percent.strip("+-0.%") else f"{gap:+f}"


def expect_text(  # noqa: PLR0913 - the parts of two verdicts
    claim: Claim, expected: str, *, match: str, mismatch: str, method: str, evidence: Sequence[Evidence] = ()
) -> Verdict:
    """Pass if the declared text is the expected one, otherwise fail and correct it; with the reason for either."""
    if claim.texts == (expected,):
        return passed(claim, reason=match, measured=expected, method=method, evidence=evidence)
    return failed(
        claim,
        reason=mismatch,
        measured=expected,
        method=method,
        remedy=f"change it to {expected}",
        evidence=evidence,
        correction=(expected,),
    )
