"""Conditions: image size, crop and interpolation under which the weights' accuracy was published elsewhere."""

from decimal import Decimal

from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.references import shown
from harness.verdict import NotHereError, Status, Verdict

KINDS = ("image_size", "crop_pct", "interpolation")
NEEDS = frozenset({Need.REFERENCE})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Look the condition up in the published evaluations of the same weights."""
    recipe = subject.recipe
    evaluations = [item for item in subject.reference.get("evaluations", ()) if item["recipe"] == recipe]
    published = list(dict.fromkeys(item[claim.kind] for item in evaluations))
    declared = claim.declared if claim.kind == "interpolation" else claim.quantity.value
    if declared not in [Decimal(value) if claim.kind != "interpolation" else value for value in published]:
        known = ", ".join(map(str, published)) or "none"
        missing = (
            f"a condition is true if the accuracy was measured under it; published evaluations of these weights "
            f"({recipe}) use {known}"
        )
        raise NotHereError(missing, "measure the accuracy under it: no evaluation is part of this version")
    evidence = {"published evaluations": [shown(item) for item in evaluations]}
    reason = "These weights were evaluated under this condition elsewhere."
    return Verdict(claim, Status.PASS, reason, claim.declared, None, f"published evaluations, {recipe}", None, evidence)
