"""Architecture: every tag names a part of the network, and every typical part of the network is tagged."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.components import COMPONENTS, components
from harness.verdict import Cell, Verdict, failed, passed, table, unchecked

KINDS = ("architecture",)
NEEDS = frozenset({Need.NETWORK})

_METHOD = "forward pass"


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the tags with the components of a forward pass."""
    counts = components(subject.structure)
    known = {component.tag: component for component in COMPONENTS}
    undefined = [tag for tag in claim.texts if tag not in known]
    if len(undefined) == len(claim.texts):
        reason = f"No definition exists for {', '.join(undefined)}, which is not a list of building blocks."
        return unchecked(claim, reason=reason, remedy="list the building blocks, such as Convolution and ReLU")
    not_seen = [tag for tag in claim.texts if tag in known and tag not in counts]
    absent = [tag for tag in not_seen if known[tag].provable]
    covered = {*claim.texts, *(tag for tag in counts if not set(known[tag].implied_by).isdisjoint(claim.texts))}
    untagged = [tag for tag in counts if known[tag].required and tag not in covered]
    rows: list[dict[str, Cell]] = [
        {"component": tag, "means": known[tag].definition, "times": count, "tagged": tag in claim.texts}
        for tag, count in counts.items()
    ]
    evidence = (table("in_the_network", "in the network", rows),)
    measured = tuple(sorted({*(tag for tag in claim.texts if tag not in absent), *untagged}))
    open_questions = [
        *(f"No definition exists for {tag}." for tag in undefined),
        *(f"A forward pass shows no {tag}, which does not prove its absence." for tag in not_seen if tag not in absent),
    ]
    if absent or untagged:
        reasons = [
            *(f"{tag} ({known[tag].definition}) is tagged and not in the network." for tag in absent),
            *(f"{tag} ({known[tag].definition}) is in the network and not tagged." for tag in untagged),
            *open_questions,
        ]
        return failed(
            claim,
            reason=" ".join(reasons),
            measured=", ".join(measured),
            difference=", ".join([*(f"-{tag}" for tag in absent), *(f"+{tag}" for tag in untagged)]),
            method=_METHOD,
            remedy="; ".join([*(f"remove {tag}" for tag in absent), *(f"add {tag}" for tag in untagged)]),
            evidence=evidence,
            correction=measured,
        )
    if open_questions:
        reason = f"{' '.join(open_questions)} The other tags are correct."
        remedy = "define the tag in harness/measure/components.py" if undefined else None
        return unchecked(claim, reason=reason, method=_METHOD, remedy=remedy, evidence=evidence)
    reason = "Every tag names a part of the network, and every part that needs a tag has one."
    return passed(claim, reason=reason, measured=", ".join(measured), method=_METHOD, evidence=evidence)
