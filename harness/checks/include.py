"""Includes: every file that the page's template includes is there, and reaches for nothing else."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, passed

KINDS = ("include",)
NEEDS = frozenset({Need.PAGE})
READS = ()


def check(claim: Claim, subject: Subject) -> Verdict:
    """A file that is not there is missing here; one that reaches too far has made the page unreadable before."""
    if not any(include.there for include in subject.index.includes if include.name == claim.declared):
        missing = f"{claim.declared} is not in modelindex/_includes/, so what the page shows there was not read"
        raise NotHereError(missing, "put the file there")
    reason = "The file is there, and it reaches for no other file and no Python object."
    return passed(claim, reason=reason, measured=claim.declared, method="template source")
