"""Include: every included file exists and uses nothing but text, variables and includes."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, passed

KINDS = ("include",)
NEEDS = frozenset({Need.PAGE})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Look the file up. A template with a forbidden access already made the page unreadable."""
    if not any(include.there for include in subject.index.includes if include.name == claim.declared):
        missing = f"the file modelindex/_includes/{claim.declared} does not exist, so its part of the page was not read"
        raise NotHereError(missing, "add the file")
    reason = "The file exists, and its template accesses no other file and no Python object."
    return passed(claim, reason=reason, measured=claim.declared, method="template source")
