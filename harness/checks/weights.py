"""Weights: the file's SHA-256 begins with the digits in its name, and it loads into the network."""

from dataclasses import asdict
from pathlib import Path

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.checkpoint import inspect_checkpoint, sha256
from harness.verdict import NotHereError, Verdict, failed, passed, typed, unchecked
from harness.zoo import Network

KINDS = ("weights",)
NEEDS = frozenset({Need.NETWORK, Need.WEIGHTS})
READS = ()

_MOST_FAULTS = 20


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the digits in the file's name, or the lock, with the file, and the file with the network."""
    weights = subject.weights
    locked = subject.locked
    if locked and locked.weights != claim.declared:
        reason = "The page names another file than the one that is locked for this model."
        remedy = "run `verify lock` where the new file is, or name the locked one"
        return failed(
            claim,
            reason=reason,
            measured=locked.weights,
            method="weights.lock",
            remedy=remedy,
            evidence=typed(asdict(locked)),
        )
    if subject.checkpoint is not None:
        return _of_file(claim, subject, subject.checkpoint)
    if weights.digest is None:
        reason = "The file name carries no SHA-256 digits, so nothing on the page says which file is meant."
        return unchecked(claim, reason=reason, remedy="publish it as name-<8 hex digits>.pth")
    raise NotHereError("the weights file is not on this machine", "verify fetch, or --weights DIR with the file in it")


def _of_file(claim: Claim, subject: Subject, path: Path) -> Verdict:
    digest, digits = sha256(path), subject.weights.digest
    evidence: dict[str, object] = {"file": path.name, "sha256": digest, "bytes": path.stat().st_size}
    network = _network(subject)
    faults = inspect_checkpoint(path, network).problems if network else ()
    if faults:
        evidence["faults of the file"] = list(faults[:_MOST_FAULTS])
    if digits and not digest.startswith(digits):
        told = f" {faults[0]}" if faults else ""
        reason = f"The file's SHA-256 begins with {digest[: len(digits)]}, its name says {digits}.{told}"
        remedy = "fetch the file again (verify fetch), or name the one that is meant"
        return failed(claim, reason=reason, measured=digest, method="SHA-256", remedy=remedy, evidence=typed(evidence))
    if subject.locked and subject.locked.sha256 != digest:
        evidence["locked"] = asdict(subject.locked)
        reason = "The file here is another than the one that was locked for this address."
        remedy = "fetch the file again (verify fetch); if it was published anew, run `verify lock`"
        return failed(
            claim,
            reason=reason,
            measured=digest,
            method="SHA-256, weights.lock",
            remedy=remedy,
            evidence=typed(evidence),
        )
    if faults:
        more = f" And {len(faults) - 1} more." if len(faults) > 1 else ""
        reason = f"The file is not the state of this network: {faults[0]}{more}"
        remedy = "name the file that holds this model's weights"
        return failed(claim, reason=reason, method="SHA-256, tensors", remedy=remedy, evidence=typed(evidence))
    if digits is None and subject.locked is None:
        reason = "The file name carries no SHA-256 digits, so nothing on the page says that the file here is meant."
        remedy = "publish it as name-<8 hex digits>.pth, or run `verify lock`"
        return unchecked(claim, reason=reason, remedy=remedy, evidence=typed(evidence))
    same = "begins with the digits in its name" if digits else "is the locked one"
    if network is None:
        reason = f"The file's SHA-256 {same}; nothing here builds the network to load it into."
        return passed(claim, reason=reason, measured=claim.declared, method="SHA-256", evidence=typed(evidence))
    reason = f"The file's SHA-256 {same}, and its tensors are this network's."
    return passed(claim, reason=reason, measured=claim.declared, method="SHA-256, tensors", evidence=typed(evidence))


def _network(subject: Subject) -> Network | None:
    """The network to load the file into; None where nothing builds it."""
    try:
        return subject.network
    except NotHereError:
        return None
