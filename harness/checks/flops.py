"""FLOPs: the multiply-adds of one image at the declared size; else a named convention that gives exactly that."""

from collections.abc import Callable, Iterator

from harness.checks.difference import difference
from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.conventions import Count, counts, multiply_adds
from harness.measure.operations import Operation, Trace, trace
from harness.verdict import Status, Verdict

KINDS = ("flops",)
NEEDS = frozenset({Need.NETWORK})
READS = ("image_size",)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count a forward pass under every named convention until one gives the declared number."""
    declared = claim.quantity
    tried = list(counts(subject.trace))
    macs = tried[0]
    if not declared.covers(macs.value):
        for sample in _sample_traces(subject):
            if any(count.value == declared.value for count in tried):
                break
            tried += counts(sample)
    matching = next((count for count in tried if count.value == declared.value), None)
    evidence = _evidence(subject.trace, tried)
    unread = subject.trace.unread
    uncounted = f" Not counted, for want of a rule: {', '.join(unread)}." if unread else ""
    measured, gap = str(macs.value), difference(declared.value, macs.value)
    if declared.covers(macs.value):
        reason = f"The multiply-adds of one image at {macs.height}×{macs.width}.{uncounted}"
        return Verdict(claim, Status.PASS, reason, measured, None, macs.method, evidence=evidence)
    remedy = f"declare the multiply-adds at {macs.height}×{macs.width}"
    if matching:
        reason = (
            f"The declared number is exactly {matching.method}: {matching.convention.counts}, for one image of "
            f"{matching.height}×{matching.width}. It is not the multiply-adds at the declared image size.{uncounted}"
        )
        remedy += f", or name the convention, {matching.method}"
        return Verdict(
            claim, Status.EXPLAINED, reason, measured, gap, macs.method, remedy, evidence, correction=(measured,)
        )
    reason = f"Not one of {len(tried)} pairs of a named convention and an input gives the declared number.{uncounted}"
    return Verdict(claim, Status.FAIL, reason, measured, gap, macs.method, remedy, evidence, correction=(measured,))


def _sample_traces(subject: Subject) -> Iterator[Trace]:
    """Forward passes of the zoo's sample images, their short side resized to the declared size and not cropped."""
    size = subject.image_size
    for image in subject.references.sample_images:
        width, height = image["width"], image["height"]
        short = min(width, height)
        yield trace(subject.network, int(size * height / short), int(size * width / short))


def _evidence(at_declared_size: Trace, tried: list[Count]) -> dict[str, object]:
    operations = at_declared_size.operations
    return {
        "conventions": [
            {"convention": count.method, "counts": count.convention.counts, "value": count.value} for count in tried
        ],
        "multiply-adds by stage": _shares(operations, lambda operation: operation.layer.partition(".")[0]),
        "multiply-adds by operation": _shares(operations, _described),
    }


def _described(operation: Operation) -> str:
    if operation.kind != "convolution":
        return operation.kind
    size = "×".join(map(str, operation.kernel))
    return f"{size} convolution{', grouped' if operation.groups > 1 else ''}"


def _shares(operations: tuple[Operation, ...], label: Callable[[Operation], str]) -> list[dict[str, object]]:
    counted = [operation for operation in operations if operation.macs]
    total = multiply_adds(operations)
    by_label: dict[str, int] = {}
    for operation in counted:
        by_label[label(operation)] = by_label.get(label(operation), 0) + operation.macs
    return [{"part": part, "multiply-adds": macs, "share": f"{macs / total:.1%}"} for part, macs in by_label.items()]
