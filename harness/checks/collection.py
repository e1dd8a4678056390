"""Collections: at least one model of the page is in it."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import Verdict, failed, passed, typed

KINDS = ("collection_name",)
NEEDS = frozenset({Need.PAGE})
READS = ("models of the collection",)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count the models that name the collection."""
    members = [model.name for model in subject.models if claim.declared in model.record.texts("in_collection")]
    if members:
        reason = f"{len(members)} of {len(subject.index.models)} models of the page are in it."
        return passed(claim, reason=reason, measured=claim.declared, method="page", evidence=typed({"models": members}))
    reason = "No model of the page is in this collection."
    remedy = "remove the collection, or name it in 'In Collection:'"
    return failed(claim, reason=reason, method="page", remedy=remedy)
