"""Named, exact rules for counting one forward pass, so that two numbers called FLOPs can be told apart."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod

from harness.measure.operations import Operation, Trace

Operations = tuple[Operation, ...]


def multiply_adds(operations: Operations) -> int:
    """Multiply-adds of all convolutions, linear layers and matrix products, attention's among them; no biases."""
    return sum(operation.macs for operation in operations)


def _with_biases(operations: Operations) -> int:
    return sum(operation.macs + operation.biases for operation in operations)


def _twice(operations: Operations) -> int:
    return 2 * multiply_adds(operations)


# A layer of torch's own: its operation's kind, and what the name of its class begins with.
_OWN_CLASSES = {
    "convolution": "torch.nn.modules.conv.",
    "transposed convolution": "torch.nn.modules.conv.",
    "linear": "torch.nn.modules.linear.Linear",
    "batch norm": "torch.nn.modules.batchnorm.",
    "average pooling": "torch.nn.modules.pooling.",
    "adaptive average pooling": "torch.nn.modules.pooling.",
}


def _is_torchs_own(operation: Operation) -> bool:
    """Whether the layer is of exactly torch's class, and of no subclass."""
    beginning = _OWN_CLASSES.get(operation.kind)
    return beginning is not None and operation.place.module.startswith(beginning)


def _thop(operations: Operations, batch_norms: str = "none", *, linear: bool = False) -> int:
    """thop knows a layer by its exact class, so that a subclass, such as a same-padded convolution, counts nothing.

    A convolution counts its multiply-adds and biases, an average pooling one for each element that comes out, a
    global one one for each that goes in and one for each that comes out, a batch norm two an element. timm's own
    linear class was not known to thop, nor is its squeeze, which is a mean. Which of timm's batch norms were torch's
    class when a page was counted is not known, so `batch_norms` is "none", "torch" (those that are so today) or "all".
    Source: thop 0.0.5.post2110061705 (`thop/profile.py`, `thop/vision/basic_hooks.py`: `count_convNd`, `count_bn`,
    `count_avgpool`, `count_adap_avgpool`); from 0.1 on it leaves biases out.
    """
    total = 0
    for operation in operations:
        kind, own = operation.kind, _is_torchs_own(operation)
        if kind == "batch norm" and (batch_norms == "all" or (batch_norms == "torch" and own)):
            total += 2 * prod(operation.inputs[0])
        elif not own:
            continue
        elif kind == "convolution":
            total += operation.macs + operation.biases
        elif kind == "transposed convolution":
            # It takes them for convolutions, and so counts the channels of a group for each element that comes out.
            kernel = operation.inputs[0][1] // operation.groups * prod(operation.kernel)
            total += prod(operation.output) * kernel + operation.biases
        elif kind == "average pooling":
            total += prod(operation.output)
        elif kind == "adaptive average pooling":
            sides = zip(operation.inputs[0][2:], operation.output[2:], strict=True)
            total += (prod(size // pooled for size, pooled in sides) + 1) * prod(operation.output)
        elif kind == "linear" and linear:
            total += operation.macs
    return total


def _fvcore(operations: Operations) -> int:
    """fvcore adds so many for each element of a norm, and one for each element of an adaptive average pooling.

    It does not count torch's fused attention. timm's squeeze is a mean, which it does not count either.
    Source: fvcore 0.1.5 (`fvcore/nn/flop_count.py`, `fvcore/nn/jit_handles.py`: `batchnorm_flop_jit`,
    `norm_flop_counter`, `elementwise_flop_counter`).
    """
    total = 0
    for operation in operations:
        kind, elements = operation.kind, prod(operation.inputs[0])
        if kind == "batch norm":
            total += elements * (2 if operation.affine else 1)
        elif kind in {"layer norm", "group norm", "instance norm"}:
            total += elements * (5 if operation.affine else 4)
        elif kind == "adaptive average pooling":
            total += elements
        elif kind == "nearest upsampling":
            total += prod(operation.output)
        elif kind == "bilinear upsampling":
            total += 4 * prod(operation.output)
        elif kind != "attention":
            total += operation.macs
    return total


def _mmcv(operations: Operations) -> int:
    """mmcv adds biases, and one or two for each element that a norm, rectifier, pooling or upsampling takes or gives.

    Source: open-mmlab/mmcv@0956a5bacfbe777429a15aced60160f3ac9bc539, mmcv/cnn/utils/flops_counter.py
    (`conv_flops_counter_hook`, `norm_flops_counter_hook`, `pool_flops_counter_hook`, `relu_flops_counter_hook`,
    `linear_flops_counter_hook`, `deconv_flops_counter_hook`, `upsample_flops_counter_hook`).
    """
    total = 0
    for operation in operations:
        kind = operation.kind
        if kind in {"convolution", "transposed convolution"}:
            total += operation.macs + operation.biases
        elif kind == "linear":
            total += operation.macs
        elif kind in {"batch norm", "layer norm", "group norm", "instance norm"}:
            total += prod(operation.inputs[0]) * (2 if operation.affine else 1)
        elif kind in {"average pooling", "adaptive average pooling", "max pooling"}:
            total += prod(operation.inputs[0])
        elif kind in {"ReLU", "ReLU6", "leaky ReLU", "ELU", "PReLU"} or kind.endswith(" upsampling"):
            total += prod(operation.output)
    return total


def _of_features(count: Callable[[Operations], int], operations: Operations) -> int:
    """mmclassification and mmpretrain count what `extract_feat` runs: all but the linear layer of the head.

    Source: open-mmlab/mmpretrain@0979e785737baa0342a6be2917736a58669a1238, tools/analysis_tools/get_flops.py. The
    networks of VGG have their linear layers before the head.
    """
    last = max((place for place, operation in enumerate(operations) if operation.macs), default=None)
    if last is None or operations[last].kind != "linear":
        return count(operations)
    return count((*operations[:last], *operations[last + 1 :]))


def _torchvision(operations: Operations) -> int:
    """torchvision's `_ops` are multiply-adds in thousand millions, rounded to three places."""
    million = 1_000_000
    return round(multiply_adds(operations) / million) * million


@dataclass(frozen=True, slots=True)
class Convention:
    """A rule for counting, and what it counts in one line.

    Numbers that `rounds` rules gave are published rounded, so such a rule explains a number that its own rounds to;
    what another explains, it gives to the last digit.
    """

    name: str
    counts: str
    count: Callable[[Operations], int]
    rounds: bool = True


MACS = Convention("macs", "multiply-adds of convolutions, linear layers and matrix products", multiply_adds)

CONVENTIONS = (
    MACS,
    Convention("macs+bias", "multiply-adds, and one for each bias added (pycls)", _with_biases),
    Convention("2*macs", "two for each multiply-add, as torch's FlopCounterMode counts", _twice),
    Convention("torchvision", "multiply-adds rounded to a million, as in its weights' metadata", _torchvision),
    Convention(
        "fvcore",
        "fvcore on timm's layers: multiply-adds, two a batch norm element, one a pooled one",
        _fvcore,
    ),
    Convention(
        "mmcv",
        "mmcv's flops_counter: multiply-adds with convolutions' biases, two a norm element, one a rectified or pooled",
        _mmcv,
    ),
    Convention(
        "mmcv-head",
        "mmcv's flops_counter without the last linear layer, as mmclassification counts",
        partial(_of_features, _mmcv),
    ),
    Convention(
        "fvcore-head",
        "fvcore without the last linear layer, as mmpretrain counts",
        partial(_of_features, _fvcore),
    ),
    Convention(
        "thop", "thop on timm's layers: convolutions with biases, and the average poolings", _thop, rounds=False
    ),
    Convention(
        "thop+bn",
        "thop on timm's layers: convolutions with biases, average poolings, two an element of every batch norm",
        partial(_thop, batch_norms="all"),
        rounds=False,
    ),
    Convention(
        "thop+torch-bn",
        "thop on timm's layers: convolutions with biases, average poolings, two an element of torch's own batch norms",
        partial(_thop, batch_norms="torch"),
        rounds=False,
    ),
    Convention(
        "thop+bn+linear",
        "thop on torch's layers: convolutions with biases, linear layers, average poolings, two a batch norm element",
        partial(_thop, batch_norms="all", linear=True),
        rounds=False,
    ),
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
