"""Dataset: the one of the published evaluations, with as many classes as the network has scores."""

from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Status, Verdict

KINDS = ("dataset",)
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the dataset with the published evaluations, and its classes with the network's scores."""
    named = subject.references.dataset_called(claim.declared)
    published = {evaluation["dataset"] for evaluation in subject.reference.get("evaluations", ())}
    if named is None or named not in published:
        known = ", ".join(sorted(published)) or "none"
        missing = f"no evaluation on {claim.declared} is on file; published are those on: {known}"
        raise NotHereError(missing, "add one, with its source, to modelindex/references/")
    classes, scores = subject.references.datasets[named]["classes"], subject.structure.output[-1]
    evidence = {"published evaluations": sorted(published), "classes": classes, "class scores": scores}
    method = "published evaluations, forward pass"
    if classes == scores:
        reason = f"The dataset of the published evaluations; its {classes} classes are the network's scores."
        return Verdict(claim, Status.PASS, reason, claim.declared, None, method, evidence=evidence)
    reason = f"{named} has {classes} classes, and the network returns {scores} scores."
    remedy = "name the dataset that the network classifies"
    return Verdict(claim, Status.FAIL, reason, None, None, method, remedy, evidence)
