"""Weights: the file's SHA-256 begins with the digits in its name, and no two models share a file."""

from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.checkpoint import sha256
from harness.verdict import NotHereError, Status, Verdict

KINDS = ("weights",)
NEEDS = frozenset({Need.WEIGHTS})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the file name's digits with the file, and the name with the page's other models."""
    weights = subject.weights
    sharing = [
        other.name
        for other in subject.models
        if other.name != subject.name and other.record.text("weights") == claim.declared
    ]
    if sharing:
        reason = f"{', '.join(sharing)} of this page names the same file."
        return Verdict(claim, Status.FAIL, reason, method="page", remedy="name each model's own file")
    if weights.tag is None:
        reason = f"The file name does not begin with the model's name, {subject.name}."
        return Verdict(claim, Status.FAIL, reason, method="file name", remedy="name this model's file")
    if weights.digest is None:
        reason = "The file name carries no SHA-256 digits, so nothing says which file is meant."
        return Verdict(claim, Status.FAIL, reason, method="file name", remedy="publish it as name-<8 hex digits>.pth")
    if subject.checkpoint is None:
        raise NotHereError("the weights file is not on this machine", "--weights DIR with the file in it")
    digest = sha256(subject.checkpoint)
    evidence = {"file": weights.name, "sha256": digest, "bytes": subject.checkpoint.stat().st_size}
    if digest.startswith(weights.digest):
        reason = "The file's SHA-256 begins with the digits in its name."
        return Verdict(claim, Status.PASS, reason, claim.declared, None, "SHA-256", evidence=evidence)
    reason = f"The file's SHA-256 begins with {digest[: len(weights.digest)]}, its name says {weights.digest}."
    remedy = "fetch the file again, or name the one that is meant"
    return Verdict(claim, Status.FAIL, reason, digest, None, "SHA-256", remedy, evidence)
