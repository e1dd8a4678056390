"""Create model: `timm.create_model(name, pretrained=True)` loads the weights that the page describes."""

from dataclasses import asdict

from harness.checks.shared.conditions import evaluations_table
from harness.checks.shared.library import library_table, own_weights
from harness.checks.shared.subject import Need, Subject
from harness.checks.shared.witnesses import resolution_fault
from harness.index.claim import Claim
from harness.measure.timm_weights import LoadedWeights, loaded_weights
from harness.project.timm_tables import timm_evaluations
from harness.verdict import NotHereError, Verdict, fact, facts, failed, passed

KINDS = ("create_model",)
NEEDS = frozenset({Need.TIMM, Need.REFERENCE, Need.NETWORK})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the weights that timm loads for the name with the page's weights."""
    version = subject.resources.timm
    if version is None:
        missing = "the package timm is not installed, so the weights that it loads are unknown"
        raise NotHereError(missing, "pip install timm")
    loaded, method = loaded_weights(subject.name), f"timm {version}"
    if loaded is None:
        reason, remedy = "timm has no weights for this name.", "name a model that timm has weights for"
        return failed(claim, reason=reason, method=method, remedy=remedy)
    if fault := resolution_fault(subject):
        remedy = "name the model that has these figures in timm, or say how the network is built"
        return failed(claim, reason=fault.reason, method=method, remedy=remedy)
    return _compare(claim, subject, loaded, method)


def _compare(claim: Claim, subject: Subject, loaded: LoadedWeights, method: str) -> Verdict:
    """Whether the loaded weights are the page's: by their names in timm, or else by their training recipes."""
    published = [item for item in subject.published_evaluations if item["recipe"] == loaded.tag]
    known = timm_evaluations().get(loaded.name, ())
    own = [weights for weights in own_weights(subject) if weights.library == "timm" and "." in weights.name]
    tags = {weights.tag for weights in own} or {_recipe(subject)}
    evidence = (
        fact("loaded_from", "loaded from", loaded.source),
        facts("timm_weights", "weights that timm has for this name", loaded.tags),
        evaluations_table(published or list(map(asdict, known))),
        *((library_table(own, subject),) if own else ()),
    )
    if loaded.name in {weights.name for weights in own} or (not own and loaded.tag in tags):
        reason = f"timm loads the weights of this page: both are {loaded.name}."
        return passed(claim, reason=reason, measured=loaded.tag, method=method, evidence=evidence)
    pairs = [(item["top_1"], item["top_5"]) for item in published] or [(item.top_1, item.top_5) for item in known]
    accuracies = "; ".join(f"{top_1}, {top_5}%" for top_1, top_5 in pairs) or "no known accuracy"
    remedy = "say where this page's weights are loaded from"
    if offered := sorted(tags.intersection(loaded.tags)):
        remedy = f"name the weights with the model, as in 'model.{offered[0]}'"
    reason = "timm loads other weights than the page describes. 'measured' lists their published accuracies."
    measured = f"{loaded.tag}: {accuracies}"
    return failed(claim, reason=reason, measured=measured, method=method, remedy=remedy, evidence=evidence)


def _recipe(subject: Subject) -> str:
    """The recipe of the page's weights. A file name identifies it only for models that the references describe."""
    if not subject.published_evaluations:
        missing = "no library knows the page's weights by their file, and the references have no recipe of this model"
        raise NotHereError(missing, "name the weights file with the URL that the library has for it")
    return subject.recipe
