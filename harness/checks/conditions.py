"""Conditions: an evaluation of the same weights was published under the declared ones, all together."""

from collections.abc import Mapping
from typing import Any

from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.quantity import parse_quantity
from harness.references import shown
from harness.verdict import NotHereError, Status, Verdict

KINDS = ("image_size", "crop_pct", "interpolation")
NEEDS = frozenset({Need.REFERENCE})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Look for the declared conditions among the published evaluations of the same weights."""
    recipe = subject.recipe
    evaluations = [item for item in subject.reference.get("evaluations", ()) if item["recipe"] == recipe]
    if not any(same_conditions(subject, evaluation) for evaluation in evaluations):
        known = "; ".join(" ".join(str(item[kind]) for kind in KINDS) for item in evaluations) or "none"
        missing = (
            "no evaluation of these weights is published under all declared conditions, so only measuring the "
            f"accuracy tells; published ({recipe}): {known}"
        )
        raise NotHereError(missing, "an evaluation under the declared conditions; this version has none")
    evidence = {"published evaluations": [shown(item) for item in evaluations]}
    reason = "These weights were evaluated elsewhere under all the declared conditions."
    return Verdict(claim, Status.PASS, reason, claim.declared, None, f"published evaluations, {recipe}", None, evidence)


def same_conditions(subject: Subject, evaluation: Mapping[str, Any]) -> bool:
    """Whether a published evaluation was made under the conditions that the page declares."""
    return all(_value(subject.record.text(kind)) == _value(str(evaluation[kind])) for kind in KINDS)


def _value(text: str | None) -> Any:
    quantity = parse_quantity(text or "")
    return quantity.value if quantity else text
