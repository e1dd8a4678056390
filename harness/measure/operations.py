"""One forward pass, written down operation by operation."""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

from harness.zoo import Network

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a network something happens: the layer's path in published names, and the class of the module.

    `module` is the full name of the exact class of the innermost module: a subclass of a torch layer has its own.
    """

    layer: str
    module: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a forward pass. Shapes include the batch dimension, which is 1.

    `macs` are the multiply-adds of a convolution, linear layer or matrix product, `biases` the additions of its
    bias; both are 0 for every other kind. `kernel` and `groups` belong to convolutions. `affine` is whether a norm
    scales what it has normalised.
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


@dataclass(frozen=True, slots=True)
class Trace:
    """A forward pass: the shape that goes in, its operations in order, and the shape that comes out.

    `output` is empty where the network does not return one tensor. `unread` names the calls that compute something
    and that no rule reads, so that nothing is left out in silence.
    """

    input: Shape
    operations: tuple[Operation, ...]
    unread: tuple[str, ...]
    output: Shape


class ForwardError(Exception):
    """A network that takes no image of this size; the message is what the network says."""


# A page's design-space checks ask for one pass of each of its models, and a model's claims for three: this many
# serve both without running a pass twice, and a zoo of hundreds stays small.
_KEPT = 64


@lru_cache(maxsize=_KEPT)
def trace(network: Network, height: int, width: int) -> Trace:
    """Run one 3×height×width image through `network` and write down what happens.

    On `meta` no numbers are computed. Raises ForwardError where the network takes no image of this size.
    """
    from harness.measure.recorder import record

    shape = (1, 3, height, width)
    operations, unread, output = record(network, shape)
    return Trace(shape, _mark_squeezes(operations), unread, output)


GLOBAL_AVERAGES = {"adaptive average pooling", "mean"}


def is_global_average(operation: Operation) -> bool:
    """Whether the operation averages an image over all its positions, one number a channel."""
    if operation.kind not in GLOBAL_AVERAGES or len(operation.inputs[0]) != 4:
        return False
    return prod(operation.output) in {prod(operation.inputs[0][:2]), operation.inputs[0][-1] * operation.output[0]}


def _mark_squeezes(operations: list[Operation]) -> tuple[Operation, ...]:
    """An average whose result comes back to scale channels is the squeeze of a squeeze-and-excitation block."""
    marked = list(operations)
    pooled: int | None = None
    for place, operation in enumerate(operations):
        if is_global_average(operation):
            pooled = place
        elif pooled is not None and is_channel_scaling(operation):
            marked[pooled] = replace(operations[pooled], kind="squeeze")
            pooled = None
    return tuple(marked)


def is_channel_scaling(operation: Operation) -> bool:
    """Whether the operation multiplies each channel of an image by one number."""
    if operation.kind != "multiply" or len(operation.inputs) != 2:
        return False
    small, large = sorted(operation.inputs, key=prod)
    return len(small) == len(large) == 4 and small[:2] == large[:2] and small[2:] == (1, 1) != large[2:]
