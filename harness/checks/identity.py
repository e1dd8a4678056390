"""Identity: a builder knows the model by its name and library, its ID is that name, its collection fits it."""

import re
from functools import lru_cache

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, failed, passed, unchecked

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
    return passed(claim, reason=reason, measured=claim.declared, method=type(network.module).__name__)


def _library(claim: Claim, subject: Subject) -> Verdict:
    network = subject.network
    if claim.declared != network.library:
        reason = f"The network is built by {network.builder}, which does not tell whether {claim.declared} has it too."
        return unchecked(claim, reason=reason, method=type(network.module).__name__)
    return _name(claim, subject)


def _id(claim: Claim, subject: Subject) -> Verdict:
    if claim.declared == subject.name:
        return passed(claim, reason="The ID is the model's name.", measured=subject.name, method="page")
    reason = "The ID is not the model's name."
    return failed(
        claim,
        reason=reason,
        measured=subject.name,
        method="page",
        remedy=f"declare {subject.name}",
        correction=(subject.name,),
    )


def _in_collection(claim: Claim, subject: Subject) -> Verdict:
    """Compare the collection with the model's name, and where that leads elsewhere, with the models named alike.

    A name alone convicts nobody: a model may carry a backbone's, a dataset's or a recipe's name in its own.
    """
    elsewhere = [name for name in claim.texts if name not in subject.index.collections]
    if elsewhere:
        missing = f"this page has no collection called {', '.join(elsewhere)}; it may stand in another file"
        raise NotHereError(missing, "verify the file that imports both, or add it under 'Collections:'")
    fitting = fitting_collections(subject)
    own = [name for name in claim.texts if name in fitting]
    if own and not any(_is_more(other, name) for name in own for other in fitting):
        reason = "The collection is on this page, and the model's name holds its name."
        return passed(claim, reason=reason, measured=claim.declared, method="page")
    alike = collections_of_names_alike(subject)
    meant = [name for name in fitting if name in alike]
    if not meant or not alike.isdisjoint(claim.texts):
        reason = "The collection is on this page, but the model's name does not tell whether it belongs there."
        return unchecked(claim, reason=reason, method="page")
    closest = max(meant, key=len)
    reason = "The model's name holds the name of another collection, where all models are whose names are like its own."
    correction = (closest,) if len(claim.texts) == 1 else ()
    return failed(
        claim, reason=reason, measured=closest, method="page", remedy=f"declare {closest}", correction=correction
    )


def fitting_collections(subject: Subject) -> list[str]:
    """The collections of the page whose names the model's name holds."""
    return [name for name in subject.index.collections if _letters(name) in _letters(subject.name)]


def collections_of_names_alike(subject: Subject) -> set[str]:
    """The collections of the other models whose names differ from the model's only in numbers."""
    alike = [other for other in subject.models if _stem(other.name) == _stem(subject.name)]
    return {name for other in alike if other.name != subject.name for name in other.record.texts("in_collection")}


def _is_more(name: str, other: str) -> bool:
    """Whether a collection's name holds another one's, and more: RegNetY that of RegNet."""
    return _letters(name) != _letters(other) and _letters(other) in _letters(name)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@lru_cache(maxsize=4096)
def _stem(name: str) -> str:
    return re.sub(r"[0-9]+", "#", name.lower())
