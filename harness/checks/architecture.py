"""Architecture: each tag against what the network contains, and each thing it contains against the tags."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.components import COMPONENTS, components
from harness.verdict import Verdict, failed, passed, typed, unchecked

KINDS = ("architecture",)
NEEDS = frozenset({Need.NETWORK})
READS = ()


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the tags with the components of a forward pass."""
    found = components(subject.structure)
    known = {part.tag: part for part in COMPONENTS}
    undefined = [tag for tag in claim.texts if tag not in known]
    if len(undefined) == len(claim.texts):
        reason = f"No definition is on file for {', '.join(undefined)}: a name for the whole, not a list of its parts."
        return unchecked(claim, reason=reason, remedy="list the building blocks, such as Convolution and ReLU")
    missing = [tag for tag in claim.texts if tag in known and tag not in found]
    absent = [tag for tag in missing if known[tag].provable]
    undecided = [tag for tag in missing if not known[tag].provable]
    spoken_for = {*claim.texts, *(tag for tag in found if not set(known[tag].implied_by).isdisjoint(claim.texts))}
    untagged = [tag for tag in found if known[tag].required and tag not in spoken_for]
    evidence = {
        "in the network": [
            {"component": tag, "means": known[tag].definition, "times": count, "tagged": tag in claim.texts}
            for tag, count in found.items()
        ]
    }
    found_here = sorted({*(tag for tag in claim.texts if tag not in absent), *untagged})
    open_questions = [
        *(f"No definition is on file for {tag}." for tag in undefined),
        *(f"No {tag} shows in a forward pass, which does not prove that there is none." for tag in undecided),
    ]
    if not (open_questions or absent or untagged):
        reason = "Every tag names something in the network, and everything in it is tagged."
        return passed(
            claim, reason=reason, measured=", ".join(found_here), method="forward pass", evidence=typed(evidence)
        )
    if not (absent or untagged):
        reason = f"{' '.join(open_questions)} The other tags hold."
        remedy = "define the tag in harness/measure/components.py" if undefined else None
        return unchecked(claim, reason=reason, method="forward pass", remedy=remedy, evidence=typed(evidence))
    reasons = [
        *(f"{tag} ({known[tag].definition}) is tagged and not in the network." for tag in absent),
        *(f"{tag} ({known[tag].definition}) is in the network and not tagged." for tag in untagged),
        *open_questions,
    ]
    changes = [*(f"-{tag}" for tag in absent), *(f"+{tag}" for tag in untagged)]
    remedy = "; ".join([*(f"remove {tag}" for tag in absent), *(f"add {tag}" for tag in untagged)])
    return failed(
        claim,
        reason=" ".join(reasons),
        measured=", ".join(found_here),
        difference=", ".join(changes),
        method="forward pass",
        remedy=remedy,
        evidence=typed(evidence),
        correction=tuple(found_here),
    )
