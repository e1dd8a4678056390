"""Create model: `timm.create_model(name, pretrained=True)` still loads the weights that the page describes."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.timm_weights import loaded_weights
from harness.project.references import as_evidence
from harness.verdict import NotHereError, Verdict, failed, passed, typed

KINDS = ("create_model",)
NEEDS = frozenset({Need.TIMM, Need.REFERENCE})
READS = ("recipe of the weights",)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the training recipe that timm's weights of this name are tagged with, with that of the page's."""
    version = subject.resources.timm
    if version is None:
        missing = "the package timm is not installed here, so what it loads by this name is not known"
        raise NotHereError(missing, "pip install timm")
    loaded = loaded_weights(subject.name)
    method = f"timm {version}"
    if loaded is None:
        reason = "timm loads no weights by this name."
        return failed(claim, reason=reason, method=method, remedy="name a model that timm has weights for")
    evaluations = subject.references.models.get(subject.name, {}).get("evaluations", ())
    published = [item for item in evaluations if item["recipe"] == loaded.tag]
    evidence = {
        "loaded from": loaded.source,
        "weights that timm has for this name": list(loaded.tags),
        "published evaluations of what it loads": [as_evidence(item) for item in published],
    }
    if loaded.tag == subject.recipe:
        reason = "By this name timm loads the weights of this page: those tagged with the same training recipe."
        return passed(claim, reason=reason, measured=loaded.tag, method=method, evidence=typed(evidence))
    told = "; ".join(f"{item['top_1']}, {item['top_5']}%" for item in published) or "no accuracy on file"
    reason = "timm loads other weights by this name than the page describes; shown are their published top-1 and top-5."
    remedy = "say where this page's weights are loaded from"
    if subject.recipe in loaded.tags:
        remedy = f"name the weights with the model, as in 'model.{subject.recipe}'"
    return failed(
        claim, reason=reason, measured=f"{loaded.tag}: {told}", method=method, remedy=remedy, evidence=typed(evidence)
    )
