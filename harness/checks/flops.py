"""FLOPs: the declared number is the multiply-adds of one image, or follows from a named counting convention."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress

from harness.checks.shared.comparison import cross_check, difference
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.quantity import Quantity
from harness.measure.conventions import Count, counts, multiply_adds
from harness.measure.operations import ForwardError, Operation, Trace
from harness.measure.tracing import trace
from harness.verdict import Cell, Details, Evidence, NotHereError, Table, Verdict, explained, failed, passed, table
from harness.zoo import Network
from harness.zoo.storage import StorageLimitError

KINDS = ("flops",)
NEEDS = frozenset({Need.NETWORK})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count a forward pass by every named convention until one gives the declared number."""
    declared, size, forward_pass = claim.quantity, subject.input_size, subject.trace
    tried = list(counts(forward_pass))
    macs = tried[0]

    def count(network: Network) -> int:
        return multiply_adds(trace(network, size.height, size.width).operations)

    if error := cross_check(claim, subject, macs.value, count, "multiply-adds"):
        return error
    at = f"{macs.height}×{macs.width}"
    image = at if subject.image_size else f"{at} (assumed: the page declares no image size)"
    unread = ", ".join(forward_pass.unknown_calls)
    uncounted = f" Not counted, because no rule exists: {unread}." if unread else ""
    details: Details = {"measured": str(macs.value), "method": macs.method}
    if declared.covers(macs.value):
        details["evidence"] = _evidence(forward_pass, tried)
        reason = f"The multiply-adds of one image at {image}.{uncounted}"
        if subject.image_size:
            return passed(claim, reason=reason, **details)
        return explained(claim, reason=reason, remedy=f"declare 'Image Size: {size.side}'", **details)
    for sample in _sample_traces(subject, size.side) if size.side else ():
        if _exact(tried, declared):
            break
        tried += counts(sample)
    details["evidence"], details["correction"] = _evidence(forward_pass, tried), (str(macs.value),)
    details["difference"] = difference(declared.value, macs.value)
    remedy = f"declare the multiply-adds at {at}"
    if matching := _exact(tried, declared) or _rounded(tried, declared):
        reason = f"{_explanation(matching, declared)} It is not the multiply-adds of one image at {image}.{uncounted}"
        return explained(
            claim, reason=reason, remedy=f"{remedy}, or name the convention, {matching[0].method}", **details
        )
    no_match = f"none of the {len(tried)} counts by a named convention gives the declared number"
    if unread and declared.value > macs.value:
        raise NotHereError(f"{no_match}, and no rule counts {unread}", "add a rule for it in harness/measure/")
    if subject.image_size is None and subject.network.image_size is None:
        missing = f"{no_match}; the page declares no image size, and an image of the assumed {at} takes {macs.value}"
        raise NotHereError(missing, "add 'Image Size:' to the model's metadata")
    reason = f"{no_match.capitalize()}; the multiply-adds are those of one image at {image}.{uncounted}"
    return failed(claim, reason=reason, remedy=remedy, **details)


def _exact(tried: list[Count], declared: Quantity) -> list[Count]:
    """The counts that equal the declared number."""
    return [count for count in tried if count.value == declared.value]


def _rounded(tried: list[Count], declared: Quantity) -> list[Count]:
    """The counts at the input size that round to the declared number, by conventions that publish rounded numbers."""
    size = (tried[0].height, tried[0].width)
    return [
        count
        for count in tried
        if (count.height, count.width) == size and count.convention.rounded and declared.covers(count.value)
    ]


def _explanation(matching: list[Count], declared: Quantity) -> str:
    """One or two sentences on the conventions that give the declared number."""
    first, *others = matching
    definition = f"{first.convention.description}, for one image of {first.height}×{first.width}."
    if first.value == declared.value:
        return f"The declared number is exactly {first.method}: {definition}"
    also = f" So do {', '.join(count.method for count in others)}." if others else ""
    rounded = f"rounds to the declared number to the nearest {declared.step.normalize():f}"
    return f"{first.method} gives {first.value}, which {rounded}: {definition}{also}"


def _sample_traces(subject: Subject, side: int) -> Iterator[Trace]:
    """Forward passes of the zoo's sample images, with their short side resized to `side` and without a crop.

    Sizes that the network does not take, or that need too much memory, are left out.
    """
    for image in subject.references.sample_images:
        width, height = image["width"], image["height"]
        short = min(width, height)
        with suppress(ForwardError, StorageLimitError):
            yield trace(subject.network, int(side * height / short), int(side * width / short))


def _evidence(forward_pass: Trace, tried: list[Count]) -> tuple[Evidence, ...]:
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
