"""FLOPs: the multiply-adds of one image at the declared size; else a named convention that gives exactly that."""

from collections.abc import Callable, Iterator
from contextlib import suppress

from harness.checks.shared.difference import difference
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.quantity import Quantity
from harness.measure.conventions import Count, counts, multiply_adds
from harness.measure.operations import ForwardError, Operation, Trace
from harness.measure.tracing import trace
from harness.verdict import NotHereError, Status, Verdict, errored, explained, failed, typed
from harness.zoo.storage import StorageLimitError

KINDS = ("flops",)
NEEDS = frozenset({Need.NETWORK})
READS = ("image_size",)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count a forward pass under every named convention until one gives the declared number."""
    declared, size, at_size = claim.quantity, subject.input_size, subject.trace
    tried = list(counts(at_size))
    macs = tried[0]
    at = f"{macs.height}×{macs.width}"
    where = at if size.declared else f"{at}, which the page does not declare"
    other = subject.second_network
    if other is not None and (second := multiply_adds(trace(other, size.side, size.side).operations)) != macs.value:
        reason = f"A pass at {at} takes {macs.value} multiply-adds, and as {other.builder} builds the network {second}."
        remedy = "one of the two is wrong: report it as a fault of the harness"
        return errored(claim, reason=reason, method="cross-check", remedy=remedy)
    holds = declared.covers(macs.value)
    if not holds:
        for sample in _sample_traces(subject, size.side):
            if _exact(tried, declared):
                break
            tried += counts(sample)
    evidence = _evidence(at_size, tried)
    unread = at_size.unknown_calls
    uncounted = f" Not counted, for want of a rule: {', '.join(unread)}." if unread else ""
    measured, gap = str(macs.value), difference(declared.value, macs.value)
    remedy = f"declare the multiply-adds at {at}"
    if holds:
        reason = f"The multiply-adds of one image at {where}.{uncounted}"
        status = Status.PASS if size.declared else Status.EXPLAINED
        mend = None if size.declared else f"declare 'Image Size: {size.side}'"
        return Verdict(
            claim=claim,
            status=status,
            reason=reason,
            measured=measured,
            method=macs.method,
            remedy=mend,
            evidence=typed(evidence),
        )
    explaining = _exact(tried, declared) or _rounded(tried, declared)
    if explaining:
        first = explaining[0]
        reason = f"{_told(explaining, declared)} It is not the multiply-adds of one image at {where}.{uncounted}"
        remedy += f", or name the convention, {first.method}"
        return explained(
            claim,
            reason=reason,
            measured=measured,
            difference=gap,
            method=macs.method,
            remedy=remedy,
            evidence=typed(evidence),
            correction=(measured,),
        )
    none = f"not one of {len(tried)} pairs of a named convention and an input gives the declared number"
    if unread and declared.value > macs.value:
        told = f"{none}, and what {', '.join(unread)} computes could not be counted"
        raise NotHereError(told, "a rule for it in harness/measure/call_rules.py")
    if not size.declared and subject.network.image_size is None:
        told = f"{none}; the page declares no image size, and at {at}, which is a guess, there are {macs.value}"
        raise NotHereError(told, "add 'Image Size:' to the model's metadata")
    reason = f"{none.capitalize()}; the multiply-adds are those of one image at {where}.{uncounted}"
    return failed(
        claim,
        reason=reason,
        measured=measured,
        difference=gap,
        method=macs.method,
        remedy=remedy,
        evidence=typed(evidence),
        correction=(measured,),
    )


def _exact(tried: list[Count], declared: Quantity) -> list[Count]:
    """The counts that are the declared number, to the last digit."""
    return [count for count in tried if count.value == declared.value]


def _rounded(tried: list[Count], declared: Quantity) -> list[Count]:
    """The counts for the declared size that round to the declared number, by rules whose numbers are rounded."""
    first = tried[0]
    at_size = [count for count in tried if (count.height, count.width) == (first.height, first.width)]
    return [count for count in at_size if count.convention.rounded and declared.covers(count.value)]


def _told(explaining: list[Count], declared: Quantity) -> str:
    """What gives the declared number, in a sentence or two."""
    first, *others = explaining
    of = f"{first.convention.description}, for one image of {first.height}×{first.width}."
    if first.value == declared.value:
        return f"The declared number is exactly {first.method}: {of}"
    also = f" So do {', '.join(count.method for count in others)}." if others else ""
    nearest = f"the declared number to the nearest {declared.step:f}"
    return f"{first.method} gives {first.value}, which is {nearest}: {of}{also}"


def _sample_traces(subject: Subject, side: int) -> Iterator[Trace]:
    """Forward passes of the zoo's sample images, their short side resized to `side` and not cropped.

    Networks that cannot take such a size, or only with more numbers than are to be held, are left out.
    """
    for image in subject.references.sample_images:
        width, height = image["width"], image["height"]
        short = min(width, height)
        with suppress(ForwardError, StorageLimitError):
            yield trace(subject.network, int(side * height / short), int(side * width / short))


def _evidence(at_declared_size: Trace, tried: list[Count]) -> dict[str, object]:
    operations = at_declared_size.operations
    return {
        "conventions": [
            {"convention": count.method, "counts": count.convention.description, "value": count.value}
            for count in tried
        ],
        "multiply-adds by stage": _shares(operations, lambda operation: operation.place.layer.partition(".")[0]),
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
