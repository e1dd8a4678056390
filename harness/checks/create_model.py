"""Create model: `timm.create_model(name, pretrained=True)` loads the weights that the page describes."""

from harness.checks.shared.conditions import evaluations_table
from harness.checks.shared.subject import Need, Subject
from harness.checks.shared.witnesses import resolution_fault
from harness.index.claim import Claim
from harness.measure.timm_weights import loaded_weights
from harness.verdict import NotHereError, Verdict, fact, facts, failed, passed

KINDS = ("create_model",)
NEEDS = frozenset({Need.TIMM, Need.REFERENCE, Need.NETWORK})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the training recipe of the weights that timm loads with that of the page's weights."""
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
        return failed(claim, reason=f"{fault[:1].upper()}{fault[1:]}.", method=method, remedy=remedy)
    published = [item for item in subject.published_evaluations if item["recipe"] == loaded.tag]
    evidence = (
        fact("loaded_from", "loaded from", loaded.source),
        facts("timm_weights", "weights that timm has for this name", loaded.tags),
        evaluations_table(published),
    )
    if loaded.tag == subject.recipe:
        reason = "timm loads the weights of this page: both have the same training recipe."
        return passed(claim, reason=reason, measured=loaded.tag, method=method, evidence=evidence)
    accuracies = "; ".join(f"{item['top_1']}, {item['top_5']}%" for item in published) or "no known accuracy"
    remedy = "say where this page's weights are loaded from"
    if subject.recipe in loaded.tags:
        remedy = f"name the weights with the model, as in 'model.{subject.recipe}'"
    reason = "timm loads other weights than the page describes. 'measured' lists their published accuracies."
    measured = f"{loaded.tag}: {accuracies}"
    return failed(claim, reason=reason, measured=measured, method=method, remedy=remedy, evidence=evidence)
