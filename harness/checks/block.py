"""Block: the models of the page contain the block that the text names."""

from harness.checks.shared.lookup import of_structure
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.prose import named_blocks
from harness.measure.components import Presence, block_widths, find_component
from harness.verdict import Cell, Verdict, explained, failed, passed, table, unchecked

KINDS = ("block",)
NEEDS = frozenset({Need.NETWORK})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count the named blocks and the residual blocks of each network."""
    component = find_component(claim.declared)
    if component is None:
        reason = f"No definition exists for {claim.declared} blocks."
        return unchecked(claim, reason=reason, remedy="define them in harness/measure/components/")
    tag = component.tag
    rows: list[dict[str, Cell]] = [
        {
            "model": model.name,
            "residual blocks": len(of_structure(block_widths, model)),
            tag: of_structure(component.count, model),
        }
        for model in subject.models
    ]
    method, evidence = "forward pass", (table("blocks", "blocks", rows),)
    without = [str(row["model"]) for row in rows if not row[tag]]
    if not without:
        in_all = all(row[tag] == row["residual blocks"] for row in rows)
        reason = f"{'Every residual block of all' if in_all else 'Each of the'} {len(rows)} networks has one."
        if len(rows) == 1:
            reason = f"{'Every residual block of the' if in_all else 'The'} network has one."
        return passed(claim, reason=reason, measured=claim.declared, method=method, evidence=evidence)
    if len(without) < len(rows):
        count = len(rows) - len(without)
        verb = "has" if count == 1 else "have"
        reason = f"{count} of {len(rows)} networks {verb} one. Without one: {', '.join(without)}."
        return explained(claim, reason=reason, measured=claim.declared, method=method, evidence=evidence)
    reason = f"A forward pass shows no {tag} ({component.definition}) in any model of the page."
    if not _asserted(claim, subject):
        reason = f"{reason} The sentence does not clearly say that they have it."
        return unchecked(claim, reason=reason, method=method, evidence=evidence)
    if any(of_structure(component.presence, model) is not Presence.ABSENT for model in subject.models):
        reason = f"{reason} That does not prove its absence."
        return unchecked(claim, reason=reason, method=method, evidence=evidence)
    return failed(claim, reason=reason, method=method, remedy="correct the sentence", evidence=evidence)


def _asserted(claim: Claim, subject: Subject) -> bool:
    """Whether the text clearly says that the models of the page contain the block."""
    index = subject.index
    block = next(block for block in named_blocks(index.page) if block.where == claim.where)
    return block.asserted_of((*index.collections, *index.models))
