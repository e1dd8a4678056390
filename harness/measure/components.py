"""Which building blocks a forward pass contains, in the words that model pages use."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from harness.measure.operations import Operation, Trace, is_channel_scaling, is_global_average

Operations = tuple[Operation, ...]


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
    """Two images of one shape added up."""
    return operation.kind == "add" and len(operation.inputs) == 2 and len(set(operation.inputs)) == 1


def _times(shows: Callable[[Operation], bool]) -> Callable[[Operations], int]:
    return lambda operations: sum(map(shows, operations))


def _kind(*kinds: str) -> Callable[[Operations], int]:
    return _times(lambda operation: operation.kind in kinds)


def _swishes(operations: Operations) -> int:
    """In one call, or as a sigmoid whose result multiplies what it was computed from."""
    by_hand = sum(
        first.kind == "sigmoid" and second.kind == "multiply" and set(second.inputs) == {first.output}
        for first, second in pairwise(operations)
    )
    return by_hand + _kind("SiLU")(operations)


def _dense_layers(operations: Operations) -> int:
    """Concatenations of all that the one before them concatenated, and one more."""
    joined = [operation for operation in operations if operation.kind == "concatenation"]
    return sum(second.inputs[:-1] in {first.inputs, (first.output,)} for first, second in pairwise(joined))


def _inverted_residuals(operations: Operations) -> int:
    """A 1×1 convolution to more channels, a depthwise one, and a 1×1 one to fewer. Gates of one position are none."""
    images = [one for one in operations if _is_convolution(one) and prod(one.inputs[0][2:]) > 1]
    return sum(
        _is_pointwise(first)
        and first.output[1] > first.inputs[0][1]
        and _is_depthwise(second)
        and _is_pointwise(third)
        and third.output[1] < third.inputs[0][1]
        for first, second, third in zip(images, images[1:], images[2:], strict=False)
    )


def _blurs(operations: Operations) -> int:
    """Depthwise convolutions in a layer that is called so; others may do it under another name."""
    return sum(_is_depthwise(one) and "BlurPool" in one.place.module for one in operations)


@dataclass(frozen=True, slots=True)
class Component:
    """A building block: the page's word for it, what that word means, and how often a forward pass shows it.

    `within` names blocks that have it as a part, or words that include it, and so speak for it. `decided` is whether
    a forward pass without it shows that it is not there; `demanded` whether a page that tags components has to tag it.
    """

    tag: str
    means: str
    times: Callable[[Operations], int]
    within: tuple[str, ...] = ()
    decided: bool = True
    demanded: bool = True


_SQUEEZE = "Squeeze-and-Excitation Block"
_INVERTED = "Inverted Residual Block"
_RESIDUAL = (_INVERTED, "Residual Block", "Bottleneck Residual Block")
_DEPTHWISE = "Depthwise Convolution"
_SEPARABLE = "Depthwise Separable Convolution"
_BLUR = "Blur Pooling"

# The tags are those of Papers with Code's catalogue of methods, which the pages took them from.
COMPONENTS = (
    Component("1x1 Convolution", "a convolution with a 1×1 kernel", _times(_is_pointwise)),
    Component("Average Pooling", "an average over positions, few or all", _times(_is_average), demanded=False),
    Component("Batch Normalization", "a batch norm layer", _kind("batch norm")),
    Component(
        _BLUR, "each channel convolved with one kernel that is not learned", _blurs, decided=False, demanded=False
    ),
    Component("Convolution", "any convolution", _times(_is_convolution)),
    Component(
        "Dense Block", "layers that take all before them, concatenated", _dense_layers, decided=False, demanded=False
    ),
    Component("Dense Connections", "a linear (fully connected) layer", _kind("linear")),
    Component(
        _DEPTHWISE,
        "a convolution with a group for each channel",
        _times(_is_depthwise),
        within=(_INVERTED, _SEPARABLE, _BLUR),
    ),
    # As a network is built to be evaluated, there need be none, and its share of zeros is no part of it.
    Component("Dropout", "values set to zero at random in training", _kind("dropout"), decided=False, demanded=False),
    Component("GELU", "a Gaussian error linear unit", _kind("GELU"), demanded=False),
    Component(
        "Global Average Pooling",
        "an average over all positions, before the head",
        _times(is_global_average),
        within=("Average Pooling",),
    ),
    Component(
        "Grouped Convolution",
        "a convolution with more than one group",
        _times(_is_grouped),
        within=(_DEPTHWISE, _INVERTED, _SEPARABLE, _BLUR),
    ),
    Component("Hard Swish", "a swish of straight pieces", _kind("hard swish"), demanded=False),
    Component(
        _INVERTED,
        "a 1×1 convolution to more channels, a depthwise one, and a 1×1 one to fewer",
        _inverted_residuals,
        decided=False,
        demanded=False,
    ),
    Component("Layer Normalization", "a layer norm", _kind("layer norm"), demanded=False),
    Component("Leaky ReLU", "a rectifier that lets some of the negative through", _kind("leaky ReLU"), demanded=False),
    Component("Max Pooling", "the greatest of neighbouring positions", _kind("max pooling"), demanded=False),
    Component("ReLU", "a rectified linear unit", _kind("ReLU")),
    Component("ReLU6", "a rectified linear unit that ends at 6", _kind("ReLU6"), demanded=False),
    Component("Residual Connection", "a block's input added to its output", _times(_is_shortcut), within=_RESIDUAL),
    Component("Sigmoid Activation", "a sigmoid", _kind("sigmoid"), within=(_SQUEEZE, "Swish")),
    # Class scores become probabilities after the network as often as in it.
    Component("Softmax", "exponentials scaled to add up to one", _kind("softmax"), decided=False, demanded=False),
    Component(_SQUEEZE, "channels scaled by a gate computed from their averages", _times(is_channel_scaling)),
    Component("Swish", "a value times its sigmoid", _swishes, demanded=False),
)


def components(trace: Trace) -> dict[str, int]:
    """How often each component occurs in the forward pass; those that do not occur are left out."""
    found = {part.tag: part.times(trace.operations) for part in COMPONENTS}
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
