"""Training: the recipe that was published for the weights states the declared value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.checks.shared.comparison import decide, difference
from harness.checks.shared.library import library_table, require_own_weights
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, fact, facts, failed, not_run, passed
from harness.zoo.training_datasets import dataset_named, is_instagram

NEEDS = frozenset({Need.REFERENCE, Need.TIMM})

Recipe = Mapping[str, Any]


def check(claim: Claim, subject: Subject) -> Verdict:
    """Judge by the published recipe; without one, the training data by what a library says of the weights."""
    try:
        return _from_recipe(claim, subject)
    except NotHereError:
        if claim.kind != "training_data":
            raise
    return _from_library(claim, subject)


def _from_recipe(claim: Claim, subject: Subject) -> Verdict:
    """Compare the claim with the published recipe, if the weights are of that recipe."""
    training = subject.reference.get("training", {})
    name = training.get("recipe")
    if name is None or subject.recipe != name:
        known = f"the references have {name}" if name else "the references have no recipe of this model"
        missing = f"these weights are of the recipe {subject.recipe}, but {known}"
        raise NotHereError(missing, f"add the recipe {subject.recipe}, with its source, to modelindex/references/")
    recipe = training | subject.references.recipes[name]
    try:
        published = _COMPARISONS[claim.kind](claim, recipe, subject)
    except KeyError as field:
        missing = f"the recipe {name} in the references does not state {field.args[0]}"
        raise NotHereError(missing, "add it, with its source, to modelindex/references/") from None
    note = recipe.get("notes", {}).get(claim.kind)
    evidence = (
        fact("recipe", "recipe", name),
        facts("published", "published", published.texts),
        facts("sources", "sources", (subject.references.sources.get(key, key) for key in recipe.get("sources", ()))),
        *((fact("note", "note", note),) if note else ()),
    )
    return decide(
        claim,
        published.agrees,
        match="The published recipe states everything declared here.",
        mismatch="The recipe published for these weights states another value.",
        measured=published.measured,
        difference=published.difference,
        method=f"published recipe, {name}",
        remedy=f"declare {published.measured}",
        evidence=evidence,
        correction=published.correction,
    )


def _from_library(claim: Claim, subject: Subject) -> Verdict:
    """Pass if a library names every declared dataset for the weights; fail if it names others instead.

    A declared dataset may be one of several that the weights were trained on: what a list omits is not false.
    """
    known = [weights for weights in require_own_weights(subject) if weights.datasets]
    if not known:
        missing = "no library states what these weights were trained on"
        raise NotHereError(missing, "add a reference with its source to modelindex/references/")
    declared = {text: dataset_named(text) for text in claim.texts}
    best = max(known, key=lambda weights: sum(name in weights.datasets for name in declared.values()))
    trained, evidence = ", then ".join(best.datasets), (library_table(known, subject),)
    source = f"{best.library} calls these weights {best.name}: trained on {trained}"
    unlisted = [text for text, name in declared.items() if name not in best.datasets]
    if not unlisted:
        left_out = [name for name in best.datasets if name not in declared.values()]
        note = f" The page does not name {', '.join(left_out)}." if left_out else ""
        return passed(claim, reason=f"{source}.{note}", measured=claim.declared, method=best.source, evidence=evidence)
    # Sets of images from Instagram share names.
    of_instagram = any(map(is_instagram, best.datasets))
    others = [text for text in unlisted if declared[text] and not (of_instagram and is_instagram(text))]
    # A name of weights with one dataset may leave out an earlier one; a name with several has them all.
    if others and (len(best.datasets) > 1 or len(others) == len(declared)):
        return failed(
            claim,
            reason=f"{source}, not on {', '.join(others)}.",
            measured=trained,
            method=best.source,
            remedy=f"declare {', '.join(best.datasets)}",
            evidence=evidence,
            correction=best.datasets,
        )
    reason = f"{source}. Whether that includes {', '.join(unlisted)} is unknown."
    remedy = "name the dataset as its authors do, or add a reference with its source to modelindex/references/"
    return not_run(claim, reason=reason, remedy=remedy, evidence=evidence)


@dataclass(frozen=True, slots=True)
class _Published:
    """What a recipe states, whether the claim agrees with it, and what to declare if it does not."""

    texts: tuple[str, ...]
    agrees: bool
    measured: str
    correction: tuple[str, ...]
    difference: str | None = None


def _number(claim: Claim, recipe: Recipe, _: Subject) -> _Published:
    text = str(recipe[claim.kind])
    value, declared = Decimal(text), claim.quantity.value
    agrees, plain = declared == value, f"{value:f}"
    return _Published((text,), agrees, claim.declared if agrees else plain, (plain,), difference(declared, value))


def _resources(claim: Claim, recipe: Recipe, _: Subject) -> _Published:
    """The same number of GPUs, and no word about them that the published description lacks."""
    text = f"{recipe['gpus']}x {recipe['gpu']}"
    (declared, declared_words), (count, words) = _split_resources(claim.declared), _split_resources(text)
    return _Published((text,), declared == count and declared_words <= words, text, (text,))


def _split_resources(resources: str) -> tuple[str, set[str]]:
    """The number of devices and the words that describe one: `8x NVIDIA V100 GPUs`."""
    description = resources.lstrip("0123456789")
    count = resources[: len(resources) - len(description)]
    words = description.strip().removeprefix("x").removeprefix("×").casefold().split()
    return count, {word.removesuffix("s") for word in words}


def _techniques(claim: Claim, recipe: Recipe, _: Subject) -> _Published:
    """A part of the published techniques. The correction keeps the declared ones that were published, if any."""
    texts = tuple(recipe["training_techniques"])
    kept = tuple(text for text in claim.texts if text in texts)
    return _Published(texts, set(claim.texts) <= set(texts), ", ".join(texts), kept or texts)


def _data(claim: Claim, recipe: Recipe, subject: Subject) -> _Published:
    names = tuple(subject.references.datasets[recipe["dataset"]]["names"])
    return _Published(names, set(claim.texts) <= set(names), names[0], names[:1])


_COMPARISONS: dict[str, Callable[[Claim, Recipe, Subject], _Published]] = {
    **dict.fromkeys(("epochs", "batch_size", "momentum", "weight_decay"), _number),
    "training_resources": _resources,
    "training_techniques": _techniques,
    "training_data": _data,
}
KINDS = tuple(_COMPARISONS)
