"""Weights: the file's SHA-256 begins with the digits in its name, it loads, and no other model names that file."""

from dataclasses import asdict
from functools import cache
from pathlib import Path

from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.records import Index
from harness.index.weights_url import weights_file
from harness.measure.checkpoint import contents, sha256
from harness.verdict import NotHereError, Status, Verdict
from harness.zoo import Network

KINDS = ("weights",)
NEEDS = frozenset({Need.NETWORK, Need.WEIGHTS})
READS = ("models that share the weights file",)

_MOST_FAULTS = 20


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the file's name with the page's other models, its digits with the file, the file with the network."""
    weights = subject.weights
    sharing = sharing_models(subject)
    if sharing:
        reason = f"{', '.join(sharing)} of this page names the same file."
        return Verdict(claim, Status.FAIL, reason, method="page", remedy="name each model's own file")
    meant = named_after(subject)
    if meant:
        reason = f"The file is named after {meant[0]}, another model of this page."
        return Verdict(claim, Status.FAIL, reason, method="file name", remedy="name this model's file")
    locked = subject.locked
    if locked and locked.weights != claim.declared:
        reason = "The page names another file than the one that is locked for this model."
        remedy = "run `verify lock` where the new file is, or name the locked one"
        return Verdict(claim, Status.FAIL, reason, locked.weights, None, "weights.lock", remedy, asdict(locked))
    if subject.checkpoint is not None:
        return _of_file(claim, subject, subject.checkpoint)
    if weights.digest is None:
        reason = "The file name carries no SHA-256 digits, so nothing on the page says which file is meant."
        return Verdict(claim, Status.UNCHECKED, reason, remedy="publish it as name-<8 hex digits>.pth")
    raise NotHereError("the weights file is not on this machine", "verify fetch, or --weights DIR with the file in it")


def _of_file(claim: Claim, subject: Subject, path: Path) -> Verdict:
    digest, digits = sha256(path), subject.weights.digest
    evidence: dict[str, object] = {"file": path.name, "sha256": digest, "bytes": path.stat().st_size}
    network = _network(subject)
    faults = contents(path, network).faults if network else ()
    if faults:
        evidence["faults of the file"] = list(faults[:_MOST_FAULTS])
    if digits and not digest.startswith(digits):
        told = f" {faults[0]}" if faults else ""
        reason = f"The file's SHA-256 begins with {digest[: len(digits)]}, its name says {digits}.{told}"
        remedy = "fetch the file again (verify fetch), or name the one that is meant"
        return Verdict(claim, Status.FAIL, reason, digest, None, "SHA-256", remedy, evidence)
    if subject.locked and subject.locked.sha256 != digest:
        evidence["locked"] = asdict(subject.locked)
        reason = "The file here is another than the one that was locked for this address."
        remedy = "fetch the file again (verify fetch); if it was published anew, run `verify lock`"
        return Verdict(claim, Status.FAIL, reason, digest, None, "SHA-256, weights.lock", remedy, evidence)
    if faults:
        more = f" And {len(faults) - 1} more." if len(faults) > 1 else ""
        reason = f"The file is not the state of this network: {faults[0]}{more}"
        remedy = "name the file that holds this model's weights"
        return Verdict(claim, Status.FAIL, reason, None, None, "SHA-256, tensors", remedy, evidence)
    if digits is None and subject.locked is None:
        reason = "The file name carries no SHA-256 digits, so nothing on the page says that the file here is meant."
        remedy = "publish it as name-<8 hex digits>.pth, or run `verify lock`"
        return Verdict(claim, Status.UNCHECKED, reason, remedy=remedy, evidence=evidence)
    same = "begins with the digits in its name" if digits else "is the locked one"
    if network is None:
        reason = f"The file's SHA-256 {same}; nothing here builds the network to load it into."
        return Verdict(claim, Status.PASS, reason, claim.declared, None, "SHA-256", evidence=evidence)
    reason = f"The file's SHA-256 {same}, and its tensors are this network's."
    return Verdict(claim, Status.PASS, reason, claim.declared, None, "SHA-256, tensors", evidence=evidence)


def _network(subject: Subject) -> Network | None:
    """The network to load the file into; None where nothing builds it."""
    try:
        return subject.network
    except NotHereError:
        return None


def sharing_models(subject: Subject) -> list[str]:
    """The other models of the page whose weights file is called the same, or carries the same digits."""
    named, digested = models_by_file(subject.index)
    file = weights_file(subject.record.text("weights") or "", subject.name)
    same = {*named[file.name], *(digested[file.digest] if file.digest else ())}
    return [name for name in subject.index.models if name in same and name != subject.name]


def named_after(subject: Subject) -> list[str]:
    """The other models of the page that the weights file is named after, where it is not named after this one."""
    address = subject.record.text("weights") or ""
    file = weights_file(address, subject.name)
    if file.tag is not None:
        return []
    models = (name for name in subject.index.models if file.name.startswith(name))
    return [name for name in models if weights_file(address, name).tag is not None]


@cache
def models_by_file(index: Index) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The models of a page by the name of their weights file, and by the digits in it."""
    named: dict[str, list[str]] = {}
    digested: dict[str, list[str]] = {}
    for name, record in index.models.items():
        file = weights_file(record.text("weights") or "", name)
        named.setdefault(file.name, []).append(name)
        if file.digest:
            digested.setdefault(file.digest, []).append(name)
    return named, digested
