"""Blocks: every model of the page contains the block that the prose names."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.components import COMPONENTS, block_widths, components
from harness.verdict import Verdict, failed, passed, typed, unchecked

KINDS = ("block",)
NEEDS = frozenset({Need.NETWORK})
READS = ("models",)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count the named block in each network, beside its residual blocks."""
    wanted = f"{claim.declared} Block".casefold()
    tag = next((part.tag for part in COMPONENTS if part.tag.casefold() == wanted), None)
    if tag is None:
        reason = f"No definition is on file for {claim.declared} blocks."
        return unchecked(claim, reason=reason, remedy="define them in harness/measure/components.py")
    rows = [
        {
            "model": model.name,
            "residual blocks": len(block_widths(model.structure)),
            tag: components(model.structure).get(tag, 0),
        }
        for model in subject.models
    ]
    lacking = [row["model"] for row in rows if not row[tag]]
    evidence = {"blocks": rows}
    if not lacking:
        each = (
            "Every residual block of all" if all(row[tag] == row["residual blocks"] for row in rows) else "Each of the"
        )
        reason = f"{each} {len(rows)} networks has one."
        return passed(claim, reason=reason, measured=claim.declared, method="forward pass", evidence=typed(evidence))
    reason = f"There is none in {', '.join(map(str, lacking))}."
    remedy = "correct the sentence, or move these models to another page"
    return failed(claim, reason=reason, method="forward pass", remedy=remedy, evidence=typed(evidence))
