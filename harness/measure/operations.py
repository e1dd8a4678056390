"""The operations of a forward pass, as data."""

from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a network an operation runs: the layer's path in checkpoint names, and the class of the module.

    `module` is the full name of the exact class of the innermost module: a subclass of a torch layer has its own.
    """

    layer: str
    module: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a forward pass. Shapes include the batch dimension, which is 1.

    `macs` are the multiply-adds of a convolution, linear layer or matrix product, `biases` the additions of its
    bias; both are 0 for every other kind. `kernel` and `groups` belong to convolutions. `affine` says whether a norm
    has a learned scale.
    """

    place: Place
    kind: str
    inputs: tuple[Shape, ...]
    output: Shape
    macs: int = 0
    biases: int = 0
    kernel: Shape = ()
    groups: int = 1
    affine: bool = False


Operations = tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """A forward pass: the input shape, the operations in order, and the output shape.

    `output` is empty if the network does not return one tensor. `unknown_calls` names what computes something that the
    trace does not show: torch functions without a counting rule, and compiled modules. `for_training` names the
    attributes of modules that matter only in training, such as `drop_rate` and `AuxLogits`.
    """

    input: Shape
    operations: Operations
    unknown_calls: tuple[str, ...]
    output: Shape
    for_training: tuple[str, ...] = ()


class ForwardError(Exception):
    """The network cannot process an image of this size; the message is the network's own error."""


def is_global_average(operation: Operation) -> bool:
    """Whether the operation averages an image over all positions, to one number per channel."""
    if operation.kind not in {"adaptive average pooling", "mean"} or len(operation.inputs[0]) != 4:
        return False
    return prod(operation.output) in {prod(operation.inputs[0][:2]), operation.inputs[0][-1] * operation.output[0]}


def is_channel_scaling(operation: Operation) -> bool:
    """Whether the operation multiplies each channel of an image by one number."""
    if operation.kind != "multiply" or len(operation.inputs) != 2:
        return False
    small, large = sorted(operation.inputs, key=prod)
    return len(small) == len(large) == 4 and small[:2] == large[:2] and small[2:] == (1, 1) != large[2:]
