"""FLOPs conventions: named, exact rules for counting one forward pass."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from math import prod

from harness.measure.operations import Operations, Trace


def multiply_adds(operations: Operations) -> int:
    """Multiply-adds of all convolutions, linear layers and matrix products, including attention, without biases."""
    return sum(operation.macs for operation in operations)


def _with_biases(operations: Operations) -> int:
    return sum(operation.macs + operation.biases for operation in operations)


# Prefixes of the class names of torch's own layers that thop counts.
_TORCH_CLASSES = tuple(
    f"torch.nn.modules.{name}"
    for name in ("conv.", "linear.Linear", "batchnorm.", "pooling.", "activation.LeakyReLU", "upsampling.")
)


def _thop(
    operations: Operations, batch_norms: str = "none", *, classifier: bool = False, leaky_relus: bool = False
) -> int:
    """thop identifies a layer by its exact class: a subclass, such as a same-padded convolution, counts nothing.

    A convolution counts its multiply-adds and biases, a linear layer its multiply-adds, an average pooling one per
    output element, a global average pooling one per input and one per output element, a leaky ReLU one and a batch
    norm two per element. thop does not know timm's squeeze, which is a mean.

    It is unknown which layers of timm had torch's class when a page was counted. `batch_norms` is "none", "torch"
    (those that have it today) or "all". `classifier` is about the last linear layer: timm had its own class. (The
    three `tf_efficientnet_cc_*` confirm that other linear layers count.) `leaky_relus` is about activations: part of
    a batch norm in TResNet (six numbers without them), layers in the CSP networks (`cspresnet50`, `cspresnext50`,
    `cspdarknet53` with them).

    Source: thop 0.0.5.post2110061705 (`thop/profile.py`, `thop/vision/basic_hooks.py`: `count_convNd`, `count_bn`,
    `count_linear`, `count_relu`, `count_avgpool`, `count_adap_avgpool`, `count_upsample`). From 0.1 on, thop omits
    biases.
    """
    head, total = None if classifier else _classifier(operations), 0
    # A weight-standardised convolution normalises its kernel with torch's function; that is no layer.
    convolutions = {operation.place for operation in operations if operation.kind == "convolution"}
    for position, operation in enumerate(operations):
        kind, torch_class = operation.kind, operation.place.module.startswith(_TORCH_CLASSES)
        if kind == "batch norm" and (batch_norms == "all" or (batch_norms == "torch" and torch_class)):
            total += 0 if operation.place in convolutions else 2 * prod(operation.inputs[0])
        elif not torch_class or position == head:
            continue
        elif kind == "convolution":
            total += operation.macs + operation.biases
        elif kind == "transposed convolution":
            # thop applies the rule for convolutions: the input channels of a group per output element.
            kernel = operation.inputs[0][1] // operation.groups * prod(operation.kernel)
            total += prod(operation.output) * kernel + operation.biases
        elif kind == "linear":
            total += operation.macs
        elif kind == "average pooling" or (kind == "leaky ReLU" and leaky_relus):
            total += prod(operation.output)
        elif kind == "adaptive average pooling":
            sides = zip(operation.inputs[0][2:], operation.output[2:], strict=True)
            total += (prod(size // pooled for size, pooled in sides) + 1) * prod(operation.output)
        elif kind == "bilinear upsampling":
            total += 11 * prod(operation.output)
    return total


def _fvcore(operations: Operations) -> int:
    """Multiply-adds, plus a fixed number per element of each norm and one per element of adaptive average pooling.

    fvcore does not count torch's fused attention, nor timm's squeeze, which is a mean.
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
    """Multiply-adds, biases of convolutions, and one or two per element of norms, activations, pooling, upsampling.

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


def _without_head(count: Callable[[Operations], int], operations: Operations) -> int:
    """mmclassification and mmpretrain count `extract_feat`: everything except the linear layer of the head.

    Source: open-mmlab/mmpretrain@0979e785737baa0342a6be2917736a58669a1238, tools/analysis_tools/get_flops.py. VGG
    networks have linear layers before the head, too.
    """
    head = _classifier(operations)
    return count(operations if head is None else (*operations[:head], *operations[head + 1 :]))


def _classifier(operations: Operations) -> int | None:
    """The position of the last layer with weights, if it is linear."""
    last = max((position for position, operation in enumerate(operations) if operation.macs), default=None)
    return None if last is None or operations[last].kind != "linear" else last


@dataclass(frozen=True, slots=True)
class Convention:
    """A counting rule with a one-line description.

    `rounded` says whether numbers counted by this rule are published rounded. If so, the rule explains a declared
    number that its count rounds to; otherwise only the exact count. `base` is the convention that this one repeats.
    """

    name: str
    description: str
    count: Callable[[Operations], int]
    rounded: bool = True
    base: "Convention | None" = None


# thop's failed passes before the successful one, plus one; more were never seen.
MOST_REPETITIONS = 4

_THOP = "layers: convolutions with biases, linear layers except the classifier, average poolings"
MACS = Convention("macs", "multiply-adds of convolutions, linear layers and matrix products", multiply_adds)

CONVENTIONS = (
    MACS,
    Convention("macs+bias", "multiply-adds and one per bias (pycls)", _with_biases),
    Convention(
        "2*macs",
        "two per multiply-add, as in torch's FlopCounterMode",
        lambda operations: 2 * multiply_adds(operations),
    ),
    Convention(
        "torchvision",
        "multiply-adds rounded to a million, as in its weights' metadata",
        lambda operations: round(multiply_adds(operations), -6),
    ),
    Convention("fvcore", "fvcore: multiply-adds, two per batch norm element, one per pooled element", _fvcore),
    Convention("mmcv", "mmcv: multiply-adds, convolution biases, two per norm element, one per ReLU or pooling", _mmcv),
    Convention("mmcv-head", "mmcv without the last linear layer (mmclassification)", partial(_without_head, _mmcv)),
    Convention("fvcore-head", "fvcore without the last linear layer (mmpretrain)", partial(_without_head, _fvcore)),
    Convention("thop", f"thop on timm's {_THOP}", _thop, rounded=False),
    Convention(
        "thop+bn",
        f"thop on timm's {_THOP}, two per batch norm element",
        partial(_thop, batch_norms="all"),
        rounded=False,
    ),
    Convention(
        "thop+torch-bn",
        f"thop on timm's {_THOP}, two per element of torch's batch norms",
        partial(_thop, batch_norms="torch"),
        rounded=False,
    ),
    Convention(
        "thop+bn+linear",
        "thop on torch's layers: convolutions with biases, linear layers, average poolings, two per batch norm element",
        partial(_thop, batch_norms="all", classifier=True),
        rounded=False,
    ),
)


def _repeated(convention: Convention, times: int) -> Convention:
    """thop's count after it failed on the same network before: `times` times the count.

    thop removes its hooks only after a successful pass (`thop/profile.py`), so after each failure, such as an image of
    a size that the network does not take, every layer counts once more. Confirmed twice by the six BiT networks of
    timm and `vit_large_patch16_224`, three times by `vit_small_patch16_224` of 2021, four times by
    `vit_base_patch16_224`.
    """
    return Convention(
        f"{times}*{convention.name}",
        f"{times} times {convention.description}, as after {times - 1} failed passes of the same network",
        lambda operations: times * convention.count(operations),
        rounded=False,
        base=convention,
    )


_THOP_VARIANTS = tuple(convention for convention in CONVENTIONS if convention.name.startswith("thop"))

# Tried only if no convention above gives the declared number.
RARE_CONVENTIONS = (
    Convention(
        "thop+leaky-relu",
        f"thop on timm's {_THOP}, one per leaky ReLU element",
        partial(_thop, leaky_relus=True),
        rounded=False,
    ),
    *(_repeated(convention, times) for convention in _THOP_VARIANTS for times in range(2, MOST_REPETITIONS + 1)),
)


@dataclass(frozen=True, slots=True)
class Count:
    """The count of one convention for one input size."""

    convention: Convention
    value: int
    height: int
    width: int

    @property
    def method(self) -> str:
        """The convention and the input size, such as `macs@224x224`."""
        return f"{self.convention.name}@{self.height}x{self.width}"


def counts(trace: Trace, conventions: Iterable[Convention] = CONVENTIONS) -> tuple[Count, ...]:
    """The counts of conventions for the traced input."""
    height, width = trace.input[-2:]
    return tuple(Count(convention, convention.count(trace.operations), height, width) for convention in conventions)
