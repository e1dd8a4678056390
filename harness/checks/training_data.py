"""Training data: the published recipe, or a library's name for the weights, states the declared datasets."""

from harness.checks.shared.library import library_table, require_own_weights
from harness.checks.shared.subject import Need, Subject
from harness.checks.training import Match, Published, Recipe, judge_by_recipe
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, failed, not_run, passed
from harness.zoo.training_datasets import dataset_named, is_instagram

KINDS = ("training_data",)
NEEDS = frozenset({Need.REFERENCE, Need.TIMM})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Judge by the published recipe of the weights; without one, by what a library says of them."""
    try:
        return judge_by_recipe(claim, subject, _compare)
    except NotHereError:
        return _from_library(claim, subject)


def _compare(claim: Claim, recipe: Recipe, _: Subject) -> Published:
    """Datasets of the recipe, which states all. An unknown name may be another name of one of them."""
    stated: list[list[str]] = recipe["training_data"]
    known = {_canonical(name) for names in stated for name in names}
    others = [text for text in claim.texts if _canonical(text) not in known]
    false = [text for text in others if text in recipe.get("not", ()) or dataset_named(text)]
    match = Match.NO if false else Match.UNKNOWN if others else Match.YES
    reason = {
        Match.NO: f"These weights were not trained on {', '.join(false)}, by the published recipe.",
        Match.UNKNOWN: f"The published recipe does not mention {', '.join(others)}.",
    }.get(match, "")
    texts = tuple(names[0] for names in stated)
    return Published(texts, match, ", ".join(texts), texts, reason=reason)


def _canonical(name: str) -> str:
    return dataset_named(name) or name.casefold()


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
