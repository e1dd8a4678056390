"""Tasks: what the network returns for one image is what the task asks for."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import Status, Verdict

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
        return Verdict(claim, Status.PASS, reason, _CLASSIFICATION, None, "forward pass", evidence=evidence)
    if scores:
        reason = f"The network returns {output[1]} class scores for an image: it classifies images."
        remedy = f"declare {_CLASSIFICATION}"
        return Verdict(
            claim,
            Status.FAIL,
            reason,
            _CLASSIFICATION,
            None,
            "forward pass",
            remedy,
            evidence,
            correction=(_CLASSIFICATION,),
        )
    reason = "No check exists for what a network with this output can do."
    return Verdict(claim, Status.UNCHECKED, reason, None, None, "forward pass", None, evidence)
