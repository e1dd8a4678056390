"""Which building blocks a forward pass contains, in the words that model pages use."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from harness.measure.operations import Operation, Trace, is_channel_scaling


def _is_convolution(operation: Operation) -> bool:
    return operation.kind == "convolution"


def _is_pointwise(operation: Operation) -> bool:
    return _is_convolution(operation) and prod(operation.kernel) == 1


def _is_grouped(operation: Operation) -> bool:
    return _is_convolution(operation) and operation.groups > 1


def _is_depthwise(operation: Operation) -> bool:
    return _is_grouped(operation) and operation.groups == operation.inputs[0][1]


def _is_global_pooling(operation: Operation) -> bool:
    return operation.kind == "pooling" and prod(operation.output[2:]) == 1


def _is_shortcut(operation: Operation) -> bool:
    """Two images of one shape added up."""
    return operation.kind == "add" and len(operation.inputs) == 2 and len(set(operation.inputs)) == 1


def _of_kind(kind: str) -> Callable[[Operation], bool]:
    return lambda operation: operation.kind == kind


@dataclass(frozen=True, slots=True)
class Component:
    """A building block: the page's word for it, what that word means, and how a forward pass shows it.

    `within` names the block that has it as a part, and so speaks for it.
    """

    tag: str
    means: str
    shows: Callable[[Operation], bool]
    within: str | None = None


_SQUEEZE = "Squeeze-and-Excitation Block"

# The tags are those of Papers with Code's catalogue of methods, which the pages took them from.
COMPONENTS = (
    Component("1x1 Convolution", "a convolution with a 1×1 kernel", _is_pointwise),
    Component("Batch Normalization", "a batch norm layer", _of_kind("batch norm")),
    Component("Convolution", "any convolution", _is_convolution),
    Component("Dense Connections", "a linear (fully connected) layer", _of_kind("linear")),
    Component("Depthwise Convolution", "a convolution with a group for each channel", _is_depthwise),
    Component("Global Average Pooling", "an average over all positions, before the head", _is_global_pooling),
    Component("Grouped Convolution", "a convolution with more than one group", _is_grouped),
    Component("ReLU", "a rectified linear unit", _of_kind("ReLU")),
    Component("Residual Connection", "a block's input added to its output", _is_shortcut),
    Component("Sigmoid Activation", "a sigmoid", _of_kind("sigmoid"), within=_SQUEEZE),
    Component(_SQUEEZE, "channels scaled by a gate computed from their averages", is_channel_scaling),
)


def components(trace: Trace) -> dict[str, int]:
    """How often each component occurs in the forward pass; those that do not occur are left out."""
    found = {part.tag: sum(map(part.shows, trace.operations)) for part in COMPONENTS}
    return {tag: count for tag, count in found.items() if count}


def block_widths(trace: Trace) -> tuple[int, ...]:
    """The channels that leave each residual block, in order."""
    return tuple(operation.output[1] for operation in trace.operations if _is_shortcut(operation))


def bottleneck_ratios(trace: Trace) -> tuple[float, ...]:
    """For each residual block, its width over that of the grouped convolution inside it."""
    ratios = []
    inner = 0
    for operation in trace.operations:
        if _is_grouped(operation):
            inner = operation.output[1]
        elif _is_shortcut(operation) and inner:
            ratios.append(operation.output[1] / inner)
            inner = 0
    return tuple(ratios)
