"""Tasks: what the network returns for one image is what the task asks for."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import Verdict, failed, passed, typed, unchecked

KINDS = ("tasks", "task")
NEEDS = frozenset({Need.NETWORK})
READS = ()
_CLASSIFICATION = "Image Classification"


def check(claim: Claim, subject: Subject) -> Verdict:
    """A row of class scores, one row an image, is image classification."""
    output = subject.structure.output
    scores = len(output) == 2 and output[1] > 1
    evidence = {"output shape": "×".join(map(str, output))}
    if scores and claim.texts == (_CLASSIFICATION,):
        reason = f"The network returns {output[1]} class scores for an image."
        return passed(claim, reason=reason, measured=_CLASSIFICATION, method="forward pass", evidence=typed(evidence))
    if scores:
        reason = f"The network returns {output[1]} class scores for an image: it classifies images."
        remedy = f"declare {_CLASSIFICATION}"
        return failed(
            claim,
            reason=reason,
            measured=_CLASSIFICATION,
            method="forward pass",
            remedy=remedy,
            evidence=typed(evidence),
            correction=(_CLASSIFICATION,),
        )
    reason = "No check exists for what a network with this output can do."
    return unchecked(claim, reason=reason, method="forward pass", evidence=typed(evidence))
