"""Task: the network's output for one image is what the task needs."""

from harness.checks.shared.comparison import expect_text
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import Verdict, fact, unchecked

KINDS = ("tasks", "task")
NEEDS = frozenset({Need.NETWORK})


def check(claim: Claim, subject: Subject) -> Verdict:
    """A network that returns one score per class for each image classifies images."""
    output, method = subject.output, "forward pass"
    evidence = (fact("output_shape", "output shape", "×".join(map(str, output))),)
    if len(output) != 2 or output[1] == 1:
        reason = "No check knows the task of a network with this output."
        return unchecked(claim, reason=reason, method=method, evidence=evidence)
    match = f"The network returns {output[1]} class scores for an image."
    mismatch = f"The network returns {output[1]} class scores for an image, so it classifies images."
    task = "Image Classification"
    return expect_text(claim, task, match=match, mismatch=mismatch, method=method, evidence=evidence)
