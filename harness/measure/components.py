"""Building blocks that a forward pass contains, under the names that model pages use."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from harness.measure.operations import Operation, Operations, Trace, is_channel_scaling, is_global_average


def _is_convolution(operation: Operation) -> bool:
    return operation.kind == "convolution"


def _is_pointwise(operation: Operation) -> bool:
    return _is_convolution(operation) and prod(operation.kernel) == 1


def _is_grouped(operation: Operation) -> bool:
    return _is_convolution(operation) and operation.groups > 1


def _is_depthwise(operation: Operation) -> bool:
    return _is_grouped(operation) and operation.groups == operation.inputs[0][1]


def _is_average(operation: Operation) -> bool:
    return operation.kind in {"average pooling", "adaptive average pooling"} or is_global_average(operation)


def _is_shortcut(operation: Operation) -> bool:
    """Two images of the same shape added."""
    return operation.kind == "add" and len(operation.inputs) == 2 and len(set(operation.inputs)) == 1


def _is_blur(operation: Operation) -> bool:
    """A depthwise convolution in a layer with this name; layers with other names may blur too."""
    return _is_depthwise(operation) and "BlurPool" in operation.place.module


def _count(matches: Callable[[Operation], bool]) -> Callable[[Operations], int]:
    return lambda operations: sum(map(matches, operations))


def _count_kind(kind: str) -> Callable[[Operations], int]:
    return _count(lambda operation: operation.kind == kind)


def _count_swishes(operations: Operations) -> int:
    """One call, or a sigmoid whose result multiplies its own input."""
    composed = sum(
        first.kind == "sigmoid" and second.kind == "multiply" and set(second.inputs) == {first.output}
        for first, second in pairwise(operations)
    )
    return composed + _count_kind("SiLU")(operations)


def _count_dense_layers(operations: Operations) -> int:
    """Concatenations of everything that the previous concatenation joined, and one more tensor."""
    concatenations = [operation for operation in operations if operation.kind == "concatenation"]
    return sum(second.inputs[:-1] in {first.inputs, (first.output,)} for first, second in pairwise(concatenations))


def _count_inverted_residuals(operations: Operations) -> int:
    """A 1×1 convolution to more channels, a depthwise one, and a 1×1 one to fewer. Gates of 1×1 images do not count."""
    convolutions = [operation for operation in operations if _is_convolution(operation)]
    convolutions = [convolution for convolution in convolutions if prod(convolution.inputs[0][2:]) > 1]
    return sum(
        _is_pointwise(first)
        and first.output[1] > first.inputs[0][1]
        and _is_depthwise(second)
        and _is_pointwise(third)
        and third.output[1] < third.inputs[0][1]
        for first, second, third in zip(convolutions, convolutions[1:], convolutions[2:], strict=False)
    )


@dataclass(frozen=True, slots=True)
class Component:
    """A building block: its tag on pages, its definition, and a function that counts it in a forward pass.

    `implied_by` names the tags that include this component. `provable` says whether a forward pass without the
    component proves its absence, `required` whether a page that tags components must tag it.
    """

    tag: str
    definition: str
    count: Callable[[Operations], int]
    implied_by: tuple[str, ...] = ()
    provable: bool = True
    required: bool = True


_SQUEEZE = "Squeeze-and-Excitation Block"
_INVERTED = "Inverted Residual Block"
_RESIDUAL = (_INVERTED, "Residual Block", "Bottleneck Residual Block")
_DEPTHWISE = "Depthwise Convolution"
_SEPARABLE = "Depthwise Separable Convolution"
_BLUR = "Blur Pooling"

# The pages took their tags from Papers with Code's catalogue of methods.
COMPONENTS = (
    Component("1x1 Convolution", "a convolution with a 1×1 kernel", _count(_is_pointwise)),
    Component("Average Pooling", "an average over some or all positions", _count(_is_average), required=False),
    Component("Batch Normalization", "a batch norm layer", _count_kind("batch norm")),
    Component(_BLUR, "a fixed kernel for each channel", _count(_is_blur), provable=False, required=False),
    Component("Convolution", "any convolution", _count(_is_convolution)),
    Component(
        "Dense Block",
        "layers that take all outputs before them, concatenated",
        _count_dense_layers,
        provable=False,
        required=False,
    ),
    Component("Dense Connections", "a linear (fully connected) layer", _count_kind("linear")),
    Component(
        _DEPTHWISE,
        "a convolution with one group per channel",
        _count(_is_depthwise),
        implied_by=(_INVERTED, _SEPARABLE, _BLUR),
    ),
    # A network in evaluation mode need not show its dropout.
    Component("Dropout", "random zeros during training", _count_kind("dropout"), provable=False, required=False),
    Component("GELU", "a Gaussian error linear unit", _count_kind("GELU"), required=False),
    Component(
        "Global Average Pooling",
        "an average over all positions, before the head",
        _count(is_global_average),
        implied_by=("Average Pooling",),
    ),
    Component(
        "Grouped Convolution",
        "a convolution with more than one group",
        _count(_is_grouped),
        implied_by=(_DEPTHWISE, _INVERTED, _SEPARABLE, _BLUR),
    ),
    Component("Hard Swish", "a piecewise linear approximation of swish", _count_kind("hard swish"), required=False),
    Component(
        _INVERTED,
        "a 1×1 convolution to more channels, a depthwise one, and a 1×1 one to fewer",
        _count_inverted_residuals,
        provable=False,
        required=False,
    ),
    Component("Layer Normalization", "a layer norm", _count_kind("layer norm"), required=False),
    Component("Leaky ReLU", "a rectifier with slope below zero", _count_kind("leaky ReLU"), required=False),
    Component("Max Pooling", "the maximum of neighbouring positions", _count_kind("max pooling"), required=False),
    Component("ReLU", "a rectified linear unit", _count_kind("ReLU")),
    Component("ReLU6", "a rectified linear unit with maximum 6", _count_kind("ReLU6"), required=False),
    Component("Residual Connection", "a block's input added to its output", _count(_is_shortcut), implied_by=_RESIDUAL),
    Component("Sigmoid Activation", "a sigmoid", _count_kind("sigmoid"), implied_by=(_SQUEEZE, "Swish")),
    # Scores are turned into probabilities inside or after the network.
    Component("Softmax", "exponentials normalized to sum 1", _count_kind("softmax"), provable=False, required=False),
    Component(_SQUEEZE, "channels scaled by a gate computed from their averages", _count(is_channel_scaling)),
    Component("Swish", "a value times its sigmoid", _count_swishes, required=False),
)


def components(trace: Trace) -> dict[str, int]:
    """How often each component occurs in the forward pass, without those that do not occur."""
    counts = {component.tag: component.count(trace.operations) for component in COMPONENTS}
    return {tag: count for tag, count in counts.items() if count}


def block_widths(trace: Trace) -> tuple[int, ...]:
    """The output channels of each residual block, in order."""
    return tuple(operation.output[1] for operation in trace.operations if _is_shortcut(operation))


def bottleneck_ratios(trace: Trace) -> tuple[float, ...]:
    """For each residual block, its width divided by the width of its grouped convolution."""
    ratios = []
    inner_width = 0
    for operation in trace.operations:
        if _is_grouped(operation):
            inner_width = operation.output[1]
        elif _is_shortcut(operation) and inner_width:
            ratios.append(operation.output[1] / inner_width)
            inner_width = 0
    return tuple(ratios)
