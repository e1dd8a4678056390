"""One forward pass on the `meta` device, written down operation by operation."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from math import prod
from typing import Any

from harness.zoo import Network

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a forward pass. Shapes include the batch dimension, which is 1.

    `macs` are the multiply-adds of a convolution or linear layer, `biases` the additions of its bias;
    both are 0 for every other kind. `kernel` and `groups` belong to convolutions.
    """

    kind: str
    layer: str
    inputs: tuple[Shape, ...]
    output: Shape
    macs: int = 0
    biases: int = 0
    kernel: Shape = ()
    groups: int = 1


# Calls that compute nothing; `__get__` reads an attribute, such as a shape.
_FREE = {"__get__", "flatten", "dim", "empty", "new_empty", "size", "reshape", "view"}


@dataclass(frozen=True, slots=True)
class Trace:
    """A forward pass: its input shape, its operations in order, and the names of calls it could not read."""

    input: Shape
    operations: tuple[Operation, ...]
    unread: tuple[str, ...]

    @property
    def output(self) -> Shape:
        """The shape of what the network returns."""
        return self.operations[-1].output


@cache
def trace(network: Network, height: int, width: int) -> Trace:
    """Run one 3×height×width image through `network` and write down what happens; no numbers are computed."""
    import torch
    from torch.overrides import TorchFunctionMode

    layers = {
        id(parameter): network.published_name(name.removesuffix(".weight"))
        for name, parameter in network.module.named_parameters()
    }
    operations: list[Operation] = []
    unread: dict[str, None] = {}

    class WriteDown(TorchFunctionMode):
        """Answers what it knows with a shape alone: torch's own rules for `meta` load its compiler and sympy."""

        def __torch_function__(
            self,
            function: Callable[..., Any],
            types: object,
            args: tuple[Any, ...] = (),
            kwargs: dict[str, Any] | None = None,
        ) -> Any:
            name = function.__name__
            read = _READERS.get(name.strip("_") if name.startswith("__") else name)
            if read is None:
                if name not in _FREE:
                    unread[name] = None
                return function(*args, **(kwargs or {}))
            layer = layers.get(id(args[1]), "") if len(args) > 1 else ""
            operation = read(layer, *args, **(kwargs or {}))
            operations.append(operation)
            same = operation.output == tuple(args[0].shape)
            return args[0] if same else args[0].new_empty(operation.output)

    with torch.inference_mode(), WriteDown():
        network.module(torch.empty(1, 3, height, width, device="meta"))
    return Trace((1, 3, height, width), _mark_squeezes(operations), tuple(unread))


def _elementwise(kind: str) -> Callable[..., Operation]:
    """A reader of an operation on images or gates that are stretched to one shape."""

    def read(_: str, *operands: Any, **__: object) -> Operation:
        shapes = tuple(tuple(operand.shape) for operand in operands if hasattr(operand, "shape"))
        return Operation(kind, "", shapes, tuple(map(max, zip(*shapes, strict=True))))

    return read


def _batch_norm(layer: str, data: Any, *_: object, **__: object) -> Operation:
    return Operation("batch norm", layer, (tuple(data.shape),), tuple(data.shape))


def _convolution(  # noqa: PLR0913, PLR0917 - the arguments of torch.conv2d
    layer: str,
    data: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Shape = 1,
    padding: int | Shape = 0,
    dilation: int | Shape = 1,
    groups: int = 1,
) -> Operation:
    """The output size is that of torch.nn.Conv2d's documentation."""
    kernel = tuple(weight.shape[2:])
    sides = zip(data.shape[2:], kernel, _pair(stride), _pair(padding), _pair(dilation), strict=True)
    spatial = ((size + 2 * pad - spread * (k - 1) - 1) // step + 1 for size, k, step, pad, spread in sides)
    output = (data.shape[0], weight.shape[0], *spatial)
    macs = prod(output) * prod(weight.shape[1:])
    biases = prod(output) if bias is not None else 0
    return Operation("convolution", layer, (tuple(data.shape),), output, macs, biases, kernel, groups)


def _linear(layer: str, data: Any, weight: Any, bias: Any = None) -> Operation:
    output = (*data.shape[:-1], weight.shape[0])
    biases = prod(output) if bias is not None else 0
    return Operation("linear", layer, (tuple(data.shape),), output, prod(output) * weight.shape[1], biases)


def _pooling(layer: str, data: Any, size: int | Shape) -> Operation:
    return Operation("pooling", layer, (tuple(data.shape),), (*data.shape[:-2], *_pair(size)))


# What torch calls it → how its arguments are read.
_READERS: dict[str, Callable[..., Operation]] = {
    "conv2d": _convolution,
    "linear": _linear,
    "adaptive_avg_pool2d": _pooling,
    "batch_norm": _batch_norm,
    "relu": _elementwise("ReLU"),
    "relu_": _elementwise("ReLU"),
    "sigmoid": _elementwise("sigmoid"),
    "add": _elementwise("add"),
    "add_": _elementwise("add"),
    "iadd": _elementwise("add"),
    "mul": _elementwise("multiply"),
    "mul_": _elementwise("multiply"),
}


def _mark_squeezes(operations: list[Operation]) -> tuple[Operation, ...]:
    """A pooling whose result comes back to scale channels is the squeeze of a squeeze-and-excitation block."""
    marked = list(operations)
    pooled: int | None = None
    for place, operation in enumerate(operations):
        if operation.kind == "pooling":
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


def _pair(size: int | Shape) -> Shape:
    return (size, size) if isinstance(size, int) else tuple(size)
