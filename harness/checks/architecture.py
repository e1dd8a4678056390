"""Architecture: every tag names a part of the network. What a page does not list is a note, not a fault."""

from harness.checks.shared.lookup import models_by_collection, of_structure
from harness.checks.shared.subject import Need, Subject
from harness.checks.shared.witnesses import require_described_network
from harness.index.claim import Claim
from harness.measure.components import Component, Presence, find_component, unlisted
from harness.measure.operations import Trace
from harness.verdict import Cell, Evidence, NotHereError, Verdict, explained, facts, failed, passed, table, unchecked

KINDS = ("architecture",)
NEEDS = frozenset({Need.NETWORK})

_METHOD = "forward pass"


def check(claim: Claim, subject: Subject) -> Verdict:
    """Look for every tag among the components of a forward pass."""
    trace, tags = subject.structure, tuple(dict.fromkeys(claim.texts))
    known = {tag: component for tag in tags if (component := find_component(tag))}
    # OpenMMLab's pages name the architecture as a whole: `VGG`, `MobileNet V2`.
    whole = type(subject.network.module).__name__.casefold()
    undefined = [tag for tag in tags if tag not in known and tag.replace(" ", "").casefold() != whole]
    if len(undefined) == len(tags):
        reason = f"No definition exists for {', '.join(undefined)}, which is not a list of building blocks."
        return unchecked(claim, reason=reason, remedy="list the building blocks, such as Convolution and ReLU")
    presence = {tag: component.presence(trace) for tag, component in known.items()}
    absent, unknown, wider = (
        [tag for tag in known if presence[tag] is wanted]
        for wanted in (Presence.ABSENT, Presence.UNKNOWN, Presence.WIDER)
    )
    if absent:
        require_described_network(subject)
    family = [tag for tag in absent if _may_be_in_family(tag, known[tag], subject)]
    absent = [tag for tag in absent if tag not in family]
    evidence = _evidence(trace, known, tags)
    open_questions = [
        *(f"No definition exists for {tag}." for tag in undefined),
        *(f"A forward pass does not show {tag}, which does not prove its absence." for tag in unknown),
        *(
            f"{tag} is not in the network; the list is that of the collection, whose other models may have it."
            for tag in family
        ),
    ]
    senses = "; ".join(f"{tag}: {sense.description}" for tag in wider if (sense := known[tag].wider))
    kept = tuple(tag for tag in tags if tag not in absent)
    if absent:
        reasons = [f"{tag} ({known[tag].definition}) is listed and not in the network." for tag in absent]
        return failed(
            claim,
            reason=" ".join([*reasons, *open_questions]),
            measured=", ".join(kept),
            difference=", ".join(f"-{tag}" for tag in absent),
            method=_METHOD,
            remedy="; ".join(f"remove {tag}" for tag in absent),
            evidence=evidence,
            correction=kept,
        )
    if open_questions:
        reason = f"{' '.join(open_questions)} The other tags are correct."
        remedy = "define the tag in harness/measure/components/" if undefined else None
        return unchecked(claim, reason=reason, method=_METHOD, remedy=remedy, evidence=evidence)
    measured = ", ".join(tags)
    if wider:
        reason = f"Every tag names a part of the network. {senses}."
        return explained(claim, reason=reason, measured=measured, method=_METHOD, evidence=evidence)
    reason = "Every tag names a part of the network."
    return passed(claim, reason=reason, measured=measured, method=_METHOD, evidence=evidence)


def _may_be_in_family(tag: str, component: Component, subject: Subject) -> bool:
    """Whether a collection lists the tag, and another of its models has the component or cannot be built.

    A collection's list describes the family: SparK's has the GELU of its ConvNeXts, not of its ResNet-50.
    """
    index = subject.index
    for name in subject.entry.texts("in_collection"):
        common = index.collections[name].common.get("architecture") if name in index.collections else None
        if common is not None and tag in common.texts:
            others = (subject.sibling(model) for model in models_by_collection(index)[name] if model != subject.name)
            if any(_may_have(component, other) for other in others):
                return True
    return False


def _may_have(component: Component, model: Subject) -> bool:
    try:
        return of_structure(component.presence, model) is not Presence.ABSENT
    except NotHereError:
        return True


def _evidence(trace: Trace, known: dict[str, Component], tags: tuple[str, ...]) -> list[Evidence]:
    rows: list[dict[str, Cell]] = [
        {"component": tag, "means": component.definition, "times": component.count(trace)}
        for tag, component in known.items()
    ]
    listed: list[Evidence] = [table("listed", "listed", rows)]
    others = unlisted(trace, tags)
    return [*listed, facts("not_listed", "also in the network, not listed", others)] if others else listed
