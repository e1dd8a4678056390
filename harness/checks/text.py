"""Text: no characters of the page were decoded wrongly."""

from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import Status, Verdict

KINDS = ("text",)
NEEDS = frozenset({Need.PAGE})


def check(claim: Claim, subject: Subject) -> Verdict:  # noqa: ARG001 - the claim says it all
    """A claim with a mended form beside it is damaged."""
    if not claim.items:
        return Verdict(claim, Status.PASS, "No wrongly decoded characters.", claim.declared, None, "ftfy")
    found, mended = claim.items
    reason = "Characters were decoded wrongly: UTF-8 was read in another encoding."
    return Verdict(claim, Status.FAIL, reason, mended, None, "ftfy", f"write {mended} for {found}")
