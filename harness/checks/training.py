"""Training: the recipe that was published for the weights states the declared value."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from harness.checks.shared.comparison import decide, difference
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import Details, NotHereError, Verdict, explained, fact, facts, not_run

NEEDS = frozenset({Need.REFERENCE})

Recipe = Mapping[str, Any]
Comparison = Callable[[Claim, Recipe, Subject], "Published"]


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the claim with the published recipe of the weights."""
    return judge_by_recipe(claim, subject, _COMPARISONS[claim.kind])


def judge_by_recipe(claim: Claim, subject: Subject, compare: Comparison) -> Verdict:
    """The verdict of the published recipe. Raises NotHereError without one, or if it does not state the field."""
    name = subject.training_recipe
    recipe = _recipe(name, subject)
    try:
        published = compare(claim, recipe, subject)
    except KeyError as field:
        missing = f"the recipe {name} in the references does not state {field.args[0]}"
        raise NotHereError(missing, "add it, with its source, to modelindex/references/") from None
    note = recipe.get("notes", {}).get(claim.kind)
    details: Details = {
        "measured": published.measured,
        "difference": published.difference,
        "method": f"published recipe, {name}",
        "evidence": (
            fact("recipe", "recipe", name),
            facts("published", "published", published.texts),
            facts(
                "sources", "sources", (subject.references.sources.get(key, key) for key in recipe.get("sources", ()))
            ),
            *((fact("note", "note", note),) if note else ()),
        ),
        "correction": published.correction,
    }
    if published.match is Match.UNKNOWN:
        details |= {"measured": None, "difference": None, "correction": ()}
        return not_run(claim, reason=published.reason, remedy="compare it with the published recipe", **details)
    if published.match is Match.OTHERWISE:
        details |= {"difference": None, "correction": ()}
        return explained(claim, reason=published.reason, **details)
    return decide(
        claim,
        published.match is Match.YES,
        match="The published recipe states everything declared here.",
        mismatch=published.reason or "The recipe published for these weights states another value.",
        remedy=f"declare {published.measured}",
        **details,
    )


def _recipe(name: str, subject: Subject) -> Recipe:
    """The recipe with what it states for this file and, if it is the recipe of the model's figures, for the model."""
    recipe = dict(subject.references.recipes[name])
    for pattern, numbers in recipe.get("variants", {}).items():
        if fnmatchcase(subject.weights.name, pattern):
            recipe |= numbers
    of_model: Recipe = subject.references.models.get(subject.name, {}).get("training", {})
    return {**recipe, **of_model} if of_model.get("recipe") == name else recipe


class Match(Enum):
    """Whether a recipe states the declared value: yes, under another convention, perhaps, or no."""

    YES = "yes"
    OTHERWISE = "otherwise"
    UNKNOWN = "unknown"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Published:
    """What a recipe states, whether the claim agrees with it, and what to declare if it does not."""

    texts: tuple[str, ...]
    match: Match
    measured: str
    correction: tuple[str, ...]
    difference: str | None = None
    reason: str = ""


def _number(claim: Claim, recipe: Recipe, _: Subject) -> Published:
    """One of the published numbers; of several, the first is the one to declare."""
    stated = recipe[_SAME_NUMBER.get(claim.kind, claim.kind)]
    values = tuple(Decimal(str(number)) for number in (stated if isinstance(stated, list) else [stated]))
    texts, plain = tuple(f"{value:f}" for value in values), f"{values[0]:f}"
    if claim.number is None:
        reason = f"The recipe states {plain}; the declared text is not a plain number."
        return Published(texts, Match.UNKNOWN, plain, (), reason=reason)
    declared = claim.number.value
    if declared in values:
        return Published(texts, Match.YES, claim.declared, (claim.declared,))
    match, reason = _other_convention(claim.kind, declared, values, recipe)
    return Published(texts, match, plain, (plain,), difference(declared, values[0]), reason)


def _other_convention(kind: str, declared: Decimal, values: Iterable[Decimal], recipe: Recipe) -> tuple[Match, str]:
    """Whether the declared number is a published one by another usual convention, and by which."""
    if kind in _COMPLEMENTS and 1 - declared in values:
        return Match.OTHERWISE, f"The recipe states {1 - declared}, and this is 1 - {1 - declared}."
    if kind == "lr":
        for images in _REFERENCE_BATCHES:
            if any(declared * batch == value * images for batch in _batches(recipe) for value in values):
                return Match.OTHERWISE, f"This is the recipe's learning rate for a batch of {images} images."
    if kind in _BATCHES:
        devices = recipe.get("gpus")
        if devices and declared * devices in values:
            return Match.OTHERWISE, f"This is the recipe's batch size per GPU, of {devices}."
        if not devices and any(0 < declared < value and not value % declared for value in values):
            return Match.UNKNOWN, "The recipe states the images of all devices; this may be those of one."
    return Match.NO, ""


def _batches(recipe: Recipe) -> tuple[Decimal, ...]:
    stated = recipe.get("batch_size", [])
    return tuple(Decimal(str(number)) for number in (stated if isinstance(stated, list) else [stated]))


def _resources(claim: Claim, recipe: Recipe, _: Subject) -> Published:
    """The same number of devices of the same kind, and no word about them that the published description lacks."""
    text = recipe.get("training_resources") or f"{recipe['gpus']}x {recipe['gpu']}"
    (declared, declared_words), (count, words) = _split_resources(claim.declared), _split_resources(text)
    if declared == count and declared_words <= words:
        match = Match.YES
    elif (declared and declared != count) or any(_differ(declared_words, words, names) for names in _DEVICES):
        match = Match.NO
    else:
        match = Match.UNKNOWN
    reason = f"The recipe states {text}." if match is Match.UNKNOWN else ""
    return Published((text,), match, text, (text,), reason=reason)


def _split_resources(resources: str) -> tuple[str, frozenset[str]]:
    """The number of devices and the words that describe one: `8x NVIDIA V100 GPUs`."""
    description = resources.lstrip("0123456789")
    count = resources[: len(resources) - len(description)]
    words = description.strip().removeprefix("x").removeprefix("×").casefold().split()
    return count, frozenset(word.removesuffix("s") for word in words)


def _differ(declared: frozenset[str], published: frozenset[str], names: Callable[[str], bool]) -> bool:
    """Whether both have words of a kind, and none in common."""
    first, second = set(filter(names, declared)), set(filter(names, published))
    return bool(first and second) and not first & second


def _techniques(claim: Claim, recipe: Recipe, _: Subject) -> Published:
    """A part of the published techniques. The correction keeps the declared ones that are not known to be false."""
    texts = tuple(recipe["training_techniques"])
    others = [text for text in claim.texts if text not in texts]
    false = others if recipe.get("no_other_techniques") else [text for text in others if text in recipe.get("not", ())]
    kept = tuple(text for text in claim.texts if text not in false)
    match = Match.NO if false else Match.UNKNOWN if others else Match.YES
    reason = {
        Match.NO: f"These weights were trained without {', '.join(false)}, by the published recipe.",
        Match.UNKNOWN: f"The published recipe does not mention {', '.join(others)}.",
    }.get(match, "")
    return Published(texts, match, ", ".join(texts), kept or texts, reason=reason)


_SAME_NUMBER = {"minibatch_size": "batch_size"}
_BATCHES = ("batch_size", "minibatch_size")
# Frameworks count these in opposite ways: what is kept, or what is replaced or dropped.
_COMPLEMENTS = ("batchnorm_momentum", "dropout", "stochastic_depth_survival")
# Learning rates are published for this many images, and scaled linearly to the batch.
_REFERENCE_BATCHES = (128, 256)
# Kinds of devices, and their models, such as V100.
_DEVICES: tuple[Callable[[str], bool], ...] = (
    lambda word: word.startswith(("gpu", "tpu")),
    lambda word: any(character.isdigit() for character in word),
)
_NUMBERS = (
    *("epochs", "batch_size", "minibatch_size", "momentum", "weight_decay"),
    *("lr", "lr_gamma", "lr_step_size", "rmsprop_decay", "label_smoothing", "batchnorm_momentum"),
    *("dropout", "stochastic_depth_survival", "warmup_steps", "training_steps"),
)
_COMPARISONS: dict[str, Comparison] = {
    **dict.fromkeys(_NUMBERS, _number),
    "training_resources": _resources,
    "training_techniques": _techniques,
}
KINDS = tuple(_COMPARISONS)
