"""Text: no characters of the page were decoded wrongly."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.prose import fix_encoding
from harness.verdict import Verdict, failed, passed

KINDS = ("text",)
NEEDS = frozenset({Need.PAGE})
READS = ()


def check(claim: Claim, subject: Subject) -> Verdict:  # noqa: ARG001 - the claim says it all
    """A text that reads otherwise once decoded rightly is damaged."""
    meant = fix_encoding(claim.declared)
    if meant == claim.declared:
        return passed(claim, reason="No wrongly decoded characters.", measured=claim.declared, method="ftfy")
    reason = "Characters were decoded wrongly: UTF-8 was read in another encoding."
    return failed(
        claim,
        reason=reason,
        measured=meant,
        method="ftfy",
        remedy=f"write {meant} for {claim.declared}",
        correction=(meant,),
    )
