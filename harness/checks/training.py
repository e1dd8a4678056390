"""Training: the recipe published for the weights that the entry names."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from harness.checks.shared.difference import difference
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, failed, passed, typed

NEEDS = frozenset({Need.REFERENCE})
READS = ("recipe of the weights",)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the claim with the published recipe, if that is the recipe of these weights."""
    training = subject.reference.get("training", {})
    recipe = training.get("recipe")
    if recipe is None or subject.recipe != recipe:
        missing = f"these weights are of the recipe {subject.recipe}; the published one on file is {recipe or 'none'}"
        raise NotHereError(missing, f"add the recipe {subject.recipe}, with its source, to modelindex/references/")
    known = training | subject.references.recipes[recipe]
    try:
        published = _PUBLISHED[claim.kind](known, subject)
    except KeyError as field:
        missing = f"the recipe {recipe} on file does not tell {field.args[0]}"
        raise NotHereError(missing, "add it, with its source, to modelindex/references/") from None
    evidence = {
        "recipe": recipe,
        "published": published if isinstance(published, list) else str(published),
        "sources": [subject.references.sources.get(name, name) for name in known.get("sources", ())],
    }
    if claim.kind in known.get("notes", {}):
        evidence["note"] = known["notes"][claim.kind]
    method = f"published recipe, {recipe}"
    measured, holds = _HOLDS[claim.kind](claim, published)
    if holds:
        reason = "Everything declared here is in the published recipe."
        return passed(claim, reason=reason, measured=measured, method=method, evidence=typed(evidence))
    gap = None
    if claim.kind in _NUMBERS:
        gap = difference(claim.quantity.value, Decimal(measured))
    reason = "The recipe published for these weights says otherwise."
    return failed(
        claim,
        reason=reason,
        measured=measured,
        difference=gap,
        method=method,
        remedy=f"declare {measured}",
        evidence=typed(evidence),
        correction=_correction(claim, published),
    )


def _correction(claim: Claim, published: Any) -> tuple[str, ...]:
    """What is published; of lists only what the page may keep, if there is any, and of several names the first."""
    if claim.kind == "training_techniques":
        return tuple(text for text in claim.texts if text in published) or tuple(published)
    first = published[0] if isinstance(published, list) else published
    return (f"{Decimal(first):f}" if claim.kind in _NUMBERS else first,)


_NUMBERS = ("epochs", "batch_size", "momentum", "weight_decay")


def _number(claim: Claim, published: Any) -> tuple[str, bool]:
    value = Decimal(published)
    return (claim.declared, True) if claim.quantity.value == value else (f"{value:f}", False)


def _resources(claim: Claim, published: str) -> tuple[str, bool]:
    """The same number of GPUs, and no word about them that the published description lacks."""
    declared, known = _counted(claim.declared), _counted(published)
    return published, declared[0] == known[0] and declared[1] <= known[1]


def _counted(resources: str) -> tuple[str, set[str]]:
    """A number of devices, and the words that describe one: `8x NVIDIA V100 GPUs`."""
    digits = re.match(r"\d*", resources)
    count = digits[0] if digits else ""
    description = resources[len(count) :].strip().removeprefix("x").removeprefix("×")
    return count, {word.removesuffix("s") for word in description.casefold().split()}


def _subset(claim: Claim, published: list[str]) -> tuple[str, bool]:
    return ", ".join(published), set(claim.texts) <= set(published)


def _names(claim: Claim, published: list[str]) -> tuple[str, bool]:
    return published[0], all(text in published for text in claim.texts)


_Read = Callable[[Mapping[str, Any], Subject], Any]
_PUBLISHED: dict[str, _Read] = {
    "epochs": lambda recipe, _: recipe["epochs"],
    "batch_size": lambda recipe, _: recipe["batch_size"],
    "momentum": lambda recipe, _: recipe["momentum"],
    "weight_decay": lambda recipe, _: recipe["weight_decay"],
    "training_resources": lambda recipe, _: f"{recipe['gpus']}x {recipe['gpu']}",
    "training_techniques": lambda recipe, _: recipe["training_techniques"],
    "training_data": lambda recipe, subject: subject.references.datasets[recipe["dataset"]]["names"],
}
_HOLDS: dict[str, Callable[[Claim, Any], tuple[str, bool]]] = {
    **dict.fromkeys(_NUMBERS, _number),
    "training_resources": _resources,
    "training_techniques": _subset,
    "training_data": _names,
}
KINDS = tuple(_PUBLISHED)
