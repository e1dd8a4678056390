"""Identity: a builder knows the model's name, the ID is that name, and the collection matches it."""

import re
from functools import lru_cache

from harness.checks.shared.comparison import expect_text
from harness.checks.shared.lookup import collections_by_stem
from harness.checks.shared.subject import Need, Subject
from harness.checks.shared.witnesses import require_described_network
from harness.index.claim import Claim
from harness.rules.declared_model import without_numbers
from harness.verdict import NotHereError, Verdict, failed, passed, unchecked

KINDS = ("name", "library", "id", "in_collection")
NEEDS = frozenset({Need.NETWORK})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the claim with the model's name, and the name with those that builders know."""
    if claim.kind == "in_collection":
        return _in_collection(claim, subject)
    if claim.kind == "id":
        match, mismatch = "The ID is the model's name.", "The ID is not the model's name."
        return expect_text(claim, subject.name, match=match, mismatch=mismatch, method="page")
    network = subject.network
    require_described_network(subject)
    method = type(network.module).__name__
    if claim.kind == "library" and claim.declared != network.library:
        reason = f"{network.builder} builds the network; whether {claim.declared} has it too is unknown."
        return unchecked(claim, reason=reason, method=method)
    note = f" Note: {network.note}." if network.note else ""
    reason = f"{network.builder} builds a network of this name.{note}"
    return passed(claim, reason=reason, measured=claim.declared, method=method)


def _in_collection(claim: Claim, subject: Subject) -> Verdict:
    """Compare the collection with the model's name, and if they differ, with the collections of similar models.

    A name alone proves nothing: a model's name may contain that of a backbone, a dataset or a recipe.
    """
    unknown = [name for name in claim.texts if name not in subject.index.collections]
    if unknown:
        missing = f"this page has no collection {', '.join(unknown)}; another file may have it"
        raise NotHereError(missing, "verify the file that imports both, or add it under 'Collections:'")
    fitting = fitting_collections(subject)
    matching = [name for name in claim.texts if name in fitting]
    if matching and not any(_is_longer(other, name) for name in matching for other in fitting):
        reason = "The collection is on this page, and the model's name contains its name."
        return passed(claim, reason=reason, measured=claim.declared, method="page")
    if len(subject.index.collections) == 1:
        return passed(claim, reason="It is the page's only collection.", measured=claim.declared, method="page")
    expected = max((name for name in fitting if is_of_names_alike(name, subject)), key=len, default=None)
    if expected is None or any(is_of_names_alike(name, subject) for name in claim.texts):
        reason = "The collection is on this page, but the model's name does not show whether the model belongs to it."
        return unchecked(claim, reason=reason, method="page")
    return failed(
        claim,
        reason="The model's name contains the name of another collection, to which all similarly named models belong.",
        measured=expected,
        method="page",
        remedy=f"declare {expected}",
        correction=(expected,) if len(claim.texts) == 1 else (),
    )


def fitting_collections(subject: Subject) -> list[str]:
    """The collections of the page whose names the model's name contains."""
    own = _letters(subject.name)
    return [name for name in subject.index.collections if _letters(name) in own]


def is_of_names_alike(collection: str, subject: Subject) -> bool:
    """Whether another model declares the collection whose name differs from this model's only in numbers."""
    declaring = collections_by_stem(subject.index)[without_numbers(subject.name)][collection]
    return declaring > (collection in subject.entry.texts("in_collection"))


def _is_longer(name: str, other: str) -> bool:
    """Whether a collection's name contains another one and more, as RegNetY contains RegNet."""
    return _letters(name) != _letters(other) and _letters(other) in _letters(name)


@lru_cache(maxsize=4096)
def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
