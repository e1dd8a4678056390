"""Block: every model of the page contains the block that the text names."""

from harness.checks.shared.lookup import of_structure
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.components import COMPONENTS, block_widths, components
from harness.verdict import Cell, Verdict, failed, passed, table, unchecked

KINDS = ("block",)
NEEDS = frozenset({Need.NETWORK})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count the named blocks and the residual blocks of each network."""
    name = f"{claim.declared} Block".casefold()
    tag = next((component.tag for component in COMPONENTS if component.tag.casefold() == name), None)
    if tag is None:
        reason = f"No definition exists for {claim.declared} blocks."
        return unchecked(claim, reason=reason, remedy="define them in harness/measure/components.py")
    rows: list[dict[str, Cell]] = [
        {
            "model": model.name,
            "residual blocks": len(of_structure(block_widths, model)),
            tag: of_structure(components, model).get(tag, 0),
        }
        for model in subject.models
    ]
    method, evidence = "forward pass", (table("blocks", "blocks", rows),)
    without = [str(row["model"]) for row in rows if not row[tag]]
    if without:
        reason = f"These models have no {tag}: {', '.join(without)}."
        remedy = "correct the sentence, or move these models to another page"
        return failed(claim, reason=reason, method=method, remedy=remedy, evidence=evidence)
    in_all = all(row[tag] == row["residual blocks"] for row in rows)
    reason = f"{'Every residual block of all' if in_all else 'Each of the'} {len(rows)} networks has one."
    return passed(claim, reason=reason, measured=claim.declared, method=method, evidence=evidence)
