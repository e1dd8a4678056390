"""Collection: at least one model of the page belongs to the collection."""

from harness.checks.shared.lookup import models_by_collection
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, facts, failed, passed

KINDS = ("collection_name",)
NEEDS = frozenset({Need.PAGE})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count the models that name the collection."""
    members = models_by_collection(subject.index).get(claim.declared)
    if members:
        verb = "belongs" if len(members) == 1 else "belong"
        reason = f"{len(members)} of {len(subject.index.models)} models of the page {verb} to it."
        evidence = (facts("models", "models", members),)
        return passed(claim, reason=reason, measured=claim.declared, method="page", evidence=evidence)
    unread = subject.index.unread or any(model.entry.fault("in_collection") for model in subject.models)
    if unread or not subject.index.models:
        raise NotHereError(
            "some entries of the page cannot be read" if unread else "the page has no models; others may",
            "correct the entries" if unread else "verify the file that imports both",
        )
    reason = "No model of the page belongs to this collection."
    remedy = "remove the collection, or name it in a model's 'In Collection:'"
    return failed(claim, reason=reason, method="page", remedy=remedy)
