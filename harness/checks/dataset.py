"""Dataset: the one of the published evaluations, with as many classes as the network has scores."""

from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Status, Verdict

KINDS = ("dataset",)
NEEDS = frozenset({Need.NETWORK, Need.REFERENCE})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the dataset with the published evaluations, and its classes with the network's scores."""
    published = {evaluation["dataset"] for evaluation in subject.reference.get("evaluations", ())}
    if not published:
        missing = f"no published evaluation is on file for {subject.name}"
        raise NotHereError(missing, "add one, with its source, to modelindex/references/")
    named = next(
        (name for name, known in subject.references.datasets.items() if claim.declared in known["names"]),
        None,
    )
    scores = subject.trace.output[-1]
    measured = ", ".join(sorted(published))
    evidence = {"published evaluations": measured, "class scores": scores}
    method = "published evaluations, forward pass"
    if named and named in published and subject.references.datasets[named]["classes"] == scores:
        reason = f"The dataset of the published evaluations; its {scores} classes are the network's scores."
        return Verdict(claim, Status.PASS, reason, claim.declared, None, method, evidence=evidence)
    reason = f"The published evaluations are on {measured}; the network returns {scores} scores."
    return Verdict(claim, Status.FAIL, reason, measured, None, method, f"declare {measured}", evidence)
