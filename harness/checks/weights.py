"""Weights: the file's SHA-256 begins with the digits in its name, and no other model of the page names that file."""

from functools import cache

from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.records import Index
from harness.index.weights_url import weights_file
from harness.measure.checkpoint import sha256
from harness.verdict import NotHereError, Status, Verdict

KINDS = ("weights",)
NEEDS = frozenset({Need.WEIGHTS})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the file's name with the page's other models, and the digits in it with the file."""
    weights = subject.weights
    named, digested = _models_by_file(subject.index)
    same = {*named[weights.name], *(digested[weights.digest] if weights.digest else ())}
    sharing = [name for name in subject.index.models if name in same and name != subject.name]
    if sharing:
        reason = f"{', '.join(sharing)} of this page names the same file."
        return Verdict(claim, Status.FAIL, reason, method="page", remedy="name each model's own file")
    if weights.tag is None:
        models = (name for name in subject.index.models if weights.name.startswith(name))
        meant = [name for name in models if weights_file(claim.declared, name).tag is not None]
        if meant:
            reason = f"The file is named after {meant[0]}, another model of this page."
            return Verdict(claim, Status.FAIL, reason, method="file name", remedy="name this model's file")
    if weights.digest is None:
        reason = "The file name carries no SHA-256 digits, so nothing on the page says which file is meant."
        return Verdict(claim, Status.UNCHECKED, reason, remedy="publish it as name-<8 hex digits>.pth")
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


@cache
def _models_by_file(index: Index) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The models of a page by the name of their weights file, and by the digits in it."""
    named: dict[str, list[str]] = {}
    digested: dict[str, list[str]] = {}
    for name, record in index.models.items():
        file = weights_file(record.text("weights") or "", name)
        named.setdefault(file.name, []).append(name)
        if file.digest:
            digested.setdefault(file.digest, []).append(name)
    return named, digested
