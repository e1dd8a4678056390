"""FLOPs: the declared number is the multiply-adds of one image, or follows from a named counting convention."""

from collections import Counter
from collections.abc import Callable

from harness.checks.shared.comparison import cross_check, difference
from harness.checks.shared.flop_counts import Counts, count_by_conventions, count_by_rule, sample_images
from harness.checks.shared.flop_proofs import explain_impossible, mistyped_count, sizes_in_use
from harness.checks.shared.sibling_counts import SiblingCount, mistyped, sibling_count
from harness.checks.shared.subject import Need, Subject
from harness.checks.shared.witnesses import has_declared_weights, require_described_network
from harness.index.claim import Claim
from harness.index.quantity import Quantity
from harness.measure.conventions import Count, counts, multiply_adds
from harness.measure.operations import Operation, Trace
from harness.measure.tracing import trace
from harness.verdict import (
    Cell,
    Details,
    Evidence,
    Table,
    Verdict,
    explained,
    failed,
    not_run,
    passed,
    properties,
    table,
)
from harness.zoo import Network

KINDS = ("flops",)
NEEDS = frozenset({Need.NETWORK})

_NEAREST = 3  # counts
_MOST_SIZES = 16


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count a forward pass by every named convention until one gives the declared number."""
    declared, size, forward_pass = claim.quantity, subject.input_size, subject.trace
    at_size = counts(forward_pass)
    macs = at_size[0]

    def count(network: Network) -> int:
        return multiply_adds(trace(network, size.height, size.width).operations)

    if error := cross_check(claim, subject, macs.value, count, "multiply-adds"):
        return error
    at = f"{macs.height}×{macs.width}"
    image = at if subject.image_size else f"{at} (assumed: the page declares no image size)"
    unknown = ", ".join(forward_pass.unknown_calls)
    uncounted = f" Not counted, because no rule exists: {unknown}." if unknown else ""
    details: Details = {"measured": str(macs.value), "method": macs.method}
    if declared.covers(macs.value):
        details["evidence"] = _evidence(forward_pass, at_size)
        reason = f"The multiply-adds of one image at {image}.{uncounted}"
        if subject.image_size:
            return passed(claim, reason=reason, **details)
        return explained(claim, reason=reason, remedy=f"declare 'Image Size: {size.side}'", **details)
    counted = count_by_conventions(declared, subject.network, forward_pass, sample_images(subject))
    remedy = f"declare the multiply-adds at {at}"
    if matching := counted.matching_counts:
        details["evidence"] = _evidence(forward_pass, counted.shown)
        details["difference"], details["correction"] = difference(declared.value, macs.value), (str(macs.value),)
        reason = f"{_explanation(matching, declared)} It is not the multiply-adds of one image at {image}.{uncounted}"
        return explained(
            claim, reason=reason, remedy=f"{remedy}, or name the convention, {matching[0].method}", **details
        )
    return _judge_unexplained(claim, subject, counted)


def _judge_unexplained(claim: Claim, subject: Subject, counted: Counts) -> Verdict:
    """The verdict on a number that no convention gives: false only if that is proven."""
    require_described_network(subject)
    siblings = sibling_count(claim, subject)
    evidence = (_nearest(counted, claim.quantity), *_evidence(subject.trace, counted.shown))
    if siblings:
        by_model = properties("siblings", f"other models, explained by {siblings.name}", siblings.explained)
        evidence = (*evidence, by_model)
    unknown, at = subject.trace.unknown_calls, f"{counted.macs.height}×{counted.macs.width}"
    # A network with other parameters than declared may be another one, and an unknown call may cost anything.
    provable = has_declared_weights(subject) and not (unknown and claim.quantity.value > counted.macs.value)
    if provable and siblings and siblings.proves:
        return _contradicts_siblings(claim, subject, siblings, counted.macs, evidence)
    if provable and (meant := mistyped_count(claim.quantity, subject, counted)):
        reason = (
            f"All digits but one are those of {meant.method}, {meant.value}; no convention gives the declared number."
        )
        return _is_false(claim, meant, reason, f"declare {meant.value}", evidence)
    assumed_size = subject.image_size is None and subject.network.image_size is None
    if provable and not assumed_size and (impossible := explain_impossible(claim.quantity, subject)):
        return _is_false(claim, counted.macs, impossible, f"declare the multiply-adds at {at}", evidence)
    reason = f"Not reproduced by any of {counted.conventions} conventions"
    if unknown:
        reason, remedy = f"{reason}, and no rule counts {', '.join(unknown)}.", "add a rule for it in harness/measure/"
    elif assumed_size:
        reason += f"; the page declares no image size, and an image of the assumed {at} takes {counted.macs.value}."
        remedy = "add 'Image Size:' to the model's metadata"
    else:
        nearest = min(counted.tried.values(), key=lambda count: abs(count.value - claim.quantity.value))
        reason += f"; the nearest, {nearest.method}, gives {nearest.value}."
        remedy = f"name the convention, or declare the multiply-adds at {at}, {counted.macs.value}"
    return not_run(claim, reason=reason, remedy=remedy, evidence=evidence)


def _contradicts_siblings(
    claim: Claim, subject: Subject, siblings: SiblingCount, macs: Count, evidence: tuple[Evidence, ...]
) -> Verdict:
    """The correction is the siblings' count, which keeps the page consistent, unless the multiply-adds are meant."""
    declared, expected = claim.quantity, siblings.count
    reason = (
        f"{siblings.name} explains {len(siblings.explained)} other models of the page and gives {expected.value} here, "
        f"{expected.method}; no convention gives the declared number."
    )
    details: Details = {"measured": str(expected.value), "method": expected.method, "evidence": evidence}
    details["difference"] = difference(declared.value, expected.value)
    for size in sizes_in_use(subject)[:_MOST_SIZES]:
        other = count_by_rule(siblings.rule, subject.network, size, sample_images(subject))
        if other and other.value == declared.value:
            reason += f" {other.method} does: the FLOPs or the Image Size, {subject.input_size}, is false."
            return failed(claim, reason=reason, remedy="correct one of the two", **details)
    details["correction"], remedy = (str(expected.value),), f"declare {expected.value}, as for the other models"
    if mistyped(declared.value, macs.value) and not mistyped(declared.value, expected.value):
        reason += f" The multiply-adds, {macs.value}, differ in one digit."
        details["correction"], remedy = (str(macs.value),), f"declare {macs.value}, {macs.method}"
    return failed(claim, reason=reason, remedy=remedy, **details)


def _is_false(claim: Claim, true: Count, reason: str, remedy: str, evidence: tuple[Evidence, ...]) -> Verdict:
    return failed(
        claim,
        reason=reason,
        remedy=remedy,
        measured=str(true.value),
        method=true.method,
        difference=difference(claim.quantity.value, true.value),
        correction=(str(true.value),),
        evidence=evidence,
    )


def _nearest(counted: Counts, declared: Quantity) -> Table:
    """The counts that are nearest to the declared number."""
    nearest = sorted(counted.tried.values(), key=lambda count: abs(count.value - declared.value))[:_NEAREST]
    rows: list[dict[str, Cell]] = [
        {"convention": count.method, "value": count.value, "difference": difference(declared.value, count.value) or "0"}
        for count in nearest
    ]
    return table("nearest", "nearest counts", rows)


def _explanation(matching: tuple[Count, ...], declared: Quantity) -> str:
    """One or two sentences on the conventions that give the declared number."""
    first, *others = matching
    definition = f"{first.convention.description}, for one image of {first.height}×{first.width}."
    if first.value == declared.value:
        return f"The declared number is exactly {first.method}: {definition}"
    also = f" So do {', '.join(count.method for count in others)}." if others else ""
    rounded = f"rounds to the declared number to the nearest {declared.step.normalize():f}"
    return f"{first.method} gives {first.value}, which {rounded}: {definition}{also}"


def _evidence(forward_pass: Trace, tried: tuple[Count, ...]) -> tuple[Evidence, ...]:
    operations = forward_pass.operations
    rows: list[dict[str, Cell]] = [
        {"convention": count.method, "counts": count.convention.description, "value": count.value} for count in tried
    ]
    return (
        table("conventions", "conventions", rows),
        _shares("stage", operations, lambda operation: operation.place.layer.partition(".")[0]),
        _shares("operation", operations, _describe),
    )


def _describe(operation: Operation) -> str:
    if operation.kind != "convolution":
        return operation.kind
    size = "×".join(map(str, operation.kernel))
    return f"{size} convolution{', grouped' if operation.groups > 1 else ''}"


def _shares(by: str, operations: tuple[Operation, ...], part_of: Callable[[Operation], str]) -> Table:
    """The multiply-adds of each part, in the order of the network."""
    total, parts = multiply_adds(operations), Counter[str]()
    for operation in operations:
        if operation.macs:
            parts[part_of(operation)] += operation.macs
    return table(
        f"multiply_adds_by_{by}",
        f"multiply-adds by {by}",
        [{"part": part, "multiply-adds": macs, "share": f"{macs / total:.1%}"} for part, macs in parts.items()],
    )
