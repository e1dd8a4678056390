"""Identity: a builder knows the model by its name and library, its ID is that name, its collection fits it."""

import re

from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import Status, Verdict

KINDS = ("name", "library", "id", "in_collection")
NEEDS = frozenset({Need.NETWORK})
READS = ("collections that fit",)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the claim with the model's name, and the name with what builders know."""
    return {"name": _name, "library": _library, "id": _id, "in_collection": _in_collection}[claim.kind](claim, subject)


def _name(claim: Claim, subject: Subject) -> Verdict:
    network = subject.network
    note = f" Note: {network.note}." if network.note else ""
    reason = f"{network.builder} builds a network of this name.{note}"
    return Verdict(claim, Status.PASS, reason, claim.declared, None, type(network.module).__name__)


def _library(claim: Claim, subject: Subject) -> Verdict:
    network = subject.network
    if claim.declared != network.library:
        reason = f"The network is built by {network.builder}, which does not tell whether {claim.declared} has it too."
        return Verdict(claim, Status.UNCHECKED, reason, None, None, type(network.module).__name__)
    return _name(claim, subject)


def _id(claim: Claim, subject: Subject) -> Verdict:
    if claim.declared == subject.name:
        return Verdict(claim, Status.PASS, "The ID is the model's name.", subject.name, None, "page")
    reason = "The ID is not the model's name."
    return Verdict(
        claim, Status.FAIL, reason, subject.name, None, "page", f"declare {subject.name}", correction=(subject.name,)
    )


def _in_collection(claim: Claim, subject: Subject) -> Verdict:
    """Of the collections whose name the model's name holds, the longest is the one it belongs to."""
    fitting = fitting_collections(subject)
    if not fitting:
        reason = "The collection is on this page, but the model's name does not tell whether it belongs there."
        return Verdict(claim, Status.UNCHECKED, reason, None, None, "page")
    closest = max(fitting, key=len)
    if closest in claim.texts:
        reason = "The collection is on this page, and the model's name holds its name."
        return Verdict(claim, Status.PASS, reason, closest, None, "page")
    reason = "The model's name holds the name of another collection of this page, or more of it."
    correction = (closest,) if len(claim.texts) == 1 else ()
    return Verdict(claim, Status.FAIL, reason, closest, None, "page", f"declare {closest}", correction=correction)


def fitting_collections(subject: Subject) -> list[str]:
    """The collections of the page whose names the model's name holds."""
    return [name for name in subject.index.collections if _letters(name) in _letters(subject.name)]


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
