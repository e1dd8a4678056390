"""Named, exact rules for counting one forward pass, so that two numbers called FLOPs can be told apart."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from harness.measure.operations import Operation, Trace


def multiply_adds(operations: tuple[Operation, ...]) -> int:
    """Multiply-adds of all convolutions and linear layers, biases not counted."""
    return sum(operation.macs for operation in operations)


def _with_biases(operations: tuple[Operation, ...]) -> int:
    return sum(operation.macs + operation.biases for operation in operations)


def _thop(operations: tuple[Operation, ...]) -> int:
    """thop counts a layer by its exact class; timm's own linear and batch norm classes are not in its table.

    Left are the convolutions with their biases, and the global pooling: one addition an element pooled and one
    division a channel. Source: thop 0.0.5.post2110061705 (`count_convNd`, `count_adap_avgpool`); from 0.1 on it
    leaves biases out.
    """
    convolutions = [operation for operation in operations if operation.kind == "convolution"]
    pooled = sum(
        prod(operation.inputs[0]) + prod(operation.output) for operation in operations if operation.kind == "pooling"
    )
    return _with_biases(tuple(convolutions)) + pooled


def _fvcore(operations: tuple[Operation, ...]) -> int:
    """fvcore adds two for each element of a batch norm and one for each element pooled.

    timm's squeeze is a mean, which fvcore does not count.
    Source: fvcore 0.1.5 (`fvcore/nn/jit_handles.py`, `batchnorm_flop_jit` and `elementwise_flop_counter`).
    """
    normalised = sum(prod(operation.output) for operation in operations if operation.kind == "batch norm")
    pooled = sum(prod(operation.inputs[0]) for operation in operations if operation.kind == "pooling")
    return multiply_adds(operations) + 2 * normalised + pooled


def _torchvision(operations: tuple[Operation, ...]) -> int:
    """torchvision's `_ops` are multiply-adds in thousand millions, rounded to three places."""
    million = 1_000_000
    return round(multiply_adds(operations) / million) * million


@dataclass(frozen=True, slots=True)
class Convention:
    """A rule for counting, and what it counts in one line."""

    name: str
    counts: str
    count: Callable[[tuple[Operation, ...]], int]


CONVENTIONS = (
    Convention("macs", "multiply-adds of convolutions and linear layers", multiply_adds),
    Convention("macs+bias", "the same, and one for each bias added (pycls)", _with_biases),
    Convention(
        "2*macs",
        "two for each multiply-add, as torch's FlopCounterMode counts",
        lambda operations: 2 * multiply_adds(operations),
    ),
    Convention("torchvision", "multiply-adds rounded to a million, as in its weights' metadata", _torchvision),
    Convention(
        "fvcore",
        "fvcore on timm's layers: multiply-adds, two a batch norm element, one a pooled one",
        _fvcore,
    ),
    Convention("thop", "thop on timm's layers: convolutions with biases, and the global pooling", _thop),
)


@dataclass(frozen=True, slots=True)
class Count:
    """What one convention counts for one input."""

    convention: Convention
    value: int
    height: int
    width: int

    @property
    def method(self) -> str:
        """The convention and its input, such as `macs@224x224`."""
        return f"{self.convention.name}@{self.height}x{self.width}"


def counts(trace: Trace) -> tuple[Count, ...]:
    """What every convention counts for the traced input."""
    height, width = trace.input[-2:]
    return tuple(Count(rule, rule.count(trace.operations), height, width) for rule in CONVENTIONS)
