"""Residual blocks: their convolutions, widths and ratios."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from harness.measure.components.detectors import (
    is_depthwise,
    is_grouped,
    is_pointwise,
    is_shortcut,
    is_within,
    of_images,
)
from harness.measure.operations import Operation, Trace


def block_widths(trace: Trace) -> tuple[int, ...]:
    """The output channels of each residual block, in order."""
    return tuple(operation.output[1] for operation in trace.operations if is_shortcut(operation))


def bottleneck_ratios(trace: Trace) -> tuple[float, ...]:
    """For each residual block, its width divided by the width of its grouped convolution."""
    ratios = []
    inner_width = 0
    for operation in trace.operations:
        if is_grouped(operation):
            inner_width = operation.output[1]
        elif is_shortcut(operation) and inner_width:
            ratios.append(operation.output[1] / inner_width)
            inner_width = 0
    return tuple(ratios)


def bottlenecks(trace: Trace) -> int:
    """Residual blocks of a 1×1 convolution, larger ones, and a 1×1 one."""
    return sum(any(_inner(block)) for block in _residual_blocks(trace))


def possible_bottlenecks(trace: Trace) -> int:
    """Residual blocks that start like a bottleneck: a 1×1 convolution to fewer channels, then a larger one.

    Blocks of 1×1 and larger convolutions without the last 1×1 one have the name, too. Linear layers may replace 1×1
    convolutions.
    """
    starts = sum(
        is_pointwise(first) and first.output[1] < first.inputs[0][1] and not is_pointwise(second)
        for block in _residual_blocks(trace)
        for first, second in pairwise(block)
    )
    return starts + sum(operation.kind == "linear" and len(operation.output) > 2 for operation in trace.operations)


def grouped_bottlenecks(trace: Trace) -> int:
    """Bottlenecks with a grouped convolution inside (arXiv 1611.05431), not a depthwise one."""
    return sum(
        any(is_grouped(convolution) and not is_depthwise(convolution) for convolution in inner)
        for block in _residual_blocks(trace)
        for inner in _inner(block)
    )


def wide_bottlenecks(trace: Trace) -> int:
    """Bottlenecks at least half as wide inside as outside, without groups; those of ResNet have a quarter."""
    return sum(
        not is_grouped(inner[0]) and 2 * inner[0].output[1] >= block[-1].output[1]
        for block in _residual_blocks(trace)
        for inner in _inner(block)
    )


def dual_paths(trace: Trace) -> int:
    """Layers that add some of their channels, and then concatenate the others (arXiv 1707.01629)."""
    added: set[str] = set()
    count = 0
    for operation in trace.operations:
        if is_shortcut(operation):
            added.add(operation.place.layer)
        elif operation.kind == "concatenation" and operation.place.layer in added:
            count += 1
    return count


def expansions(trace: Trace) -> int:
    """Depthwise convolutions, and convolutions to twice the channels or more that a 1×1 one reduces again.

    The first convolution, of the image itself, belongs to no block.
    """
    convolutions = of_images(trace.operations)[1:]
    fused = sum(
        first.output[1] >= 2 * first.inputs[0][1] and is_pointwise(second) and second.output[1] < second.inputs[0][1]
        for first, second in pairwise(convolutions)
    )
    return fused + sum(is_depthwise(operation) for operation in convolutions)


def _residual_blocks(trace: Trace) -> Iterator[list[Operation]]:
    """The convolutions of each innermost layer that adds a shortcut.

    If a layer of its own adds, the block is the layer around it.
    """
    inside: dict[str, list[Operation]] = defaultdict(list)
    for convolution in of_images(trace.operations):
        layer = convolution.place.layer
        while layer:
            inside[layer].append(convolution)
            layer = layer.rpartition(".")[0]
        inside[""].append(convolution)
    blocks = set()
    for operation in trace.operations:
        layer = operation.place.layer
        if is_shortcut(operation):
            while layer and layer not in inside:
                layer = layer.rpartition(".")[0]
            blocks.add(layer)
    return (inside[layer] for layer in sorted(blocks) if not any(is_within(other, layer) for other in blocks - {layer}))


def _inner(block: list[Operation]) -> Iterator[list[Operation]]:
    """The convolutions of larger kernels between two 1×1 ones."""
    inner: list[Operation] | None = None
    for convolution in block:
        if is_pointwise(convolution):
            if inner:
                yield inner
            inner = []
        elif inner is not None:
            inner.append(convolution)
