"""Attention and blocks: components that several operations or the names of classes show.

The names are those of the classes in timm, torchvision and OpenMMLab.
"""

from harness.measure.components.blocks import (
    bottlenecks,
    dual_paths,
    expansions,
    grouped_bottlenecks,
    possible_bottlenecks,
    wide_bottlenecks,
)
from harness.measure.components.component import Component, Wider
from harness.measure.components.detectors import (
    channel_attentions,
    count,
    dense_layers,
    inverted_residuals,
    is_grouped,
    is_shortcut,
    kinds,
    layers,
    squeeze_and_excitations,
)
from harness.measure.operations import Trace

_SQUEEZE = "Squeeze-and-Excitation Block"
_GATES = (_SQUEEZE, "Efficient Channel Attention", "Split Attention", "Selective Kernel", "CondConv")
_INVERTED = ("Inverted Residual Block", "FBNet Block", "MixConv")
_RESIDUAL = (
    *("Residual Block", "Bottleneck Residual Block", "DLA Residual Block", "DLA Bottleneck Residual Block"),
    *("ResNeXt Block", "Res2Net Block", "Res2NeXt Block", "Wide Residual Block", "DPN Block", *_INVERTED),
)

_concatenations = kinds("concatenation")
_multiplications = count(lambda operation: operation.kind == "multiply" and len(operation.inputs) > 1)
_products = kinds("multiply", "matrix product", "sum")
_shortcuts = count(is_shortcut)
_other_sums = kinds("addcdiv", "addcmul", "lerp", "sum")
_additions = count(lambda operation: operation.kind == "add" and len(operation.inputs) > 1)


def _sums(trace: Trace) -> int:
    return _additions(trace) + _other_sums(trace)


def _possible_bottlenecks(trace: Trace) -> int:
    return possible_bottlenecks(trace) + _other_sums(trace)


ATTENTION = (
    Component(
        _SQUEEZE,
        "channels scaled by a gate computed from their averages",
        squeeze_and_excitations,
        needs=_multiplications,
        wider=Wider("its efficient form, efficient channel attention", channel_attentions),
        implied_by=_GATES,
    ),
    Component(
        "Efficient Channel Attention",
        "a gate from a one-dimensional convolution over the channels' averages",
        channel_attentions,
        needs=_multiplications,
    ),
    Component(
        "Split Attention",
        "attention over groups of feature maps",
        layers("SplitAttn", "SplitAttentionConv2d"),
        needs=_products,
    ),
    Component(
        "Selective Kernel", "attention over branches with different kernels", layers("SelectiveKernel"), needs=_products
    ),
    Component(
        "Multi-Head Attention",
        "attention of several heads in parallel",
        kinds("attention"),
        needs=kinds("softmax", "matrix product"),
    ),
    Component(
        "Scaled Dot-Product Attention",
        "values averaged by the softmax of scaled products of queries and keys",
        kinds("attention"),
        needs=kinds("softmax", "matrix product"),
    ),
)

BLOCKS = (
    Component(
        "Residual Connection", "a block's input added to its output", _shortcuts, needs=_sums, implied_by=_RESIDUAL
    ),
    Component("Residual Block", "a block whose input is added to its output", _shortcuts, needs=_sums),
    Component(
        "Bottleneck Residual Block",
        "a 1×1 convolution, larger ones, a 1×1 one, and an addition",
        bottlenecks,
        needs=_possible_bottlenecks,
    ),
    Component(
        "DLA Residual Block",
        "a residual block of deep layer aggregation",
        layers("DlaBasic", "DlaBottleneck", "DlaBottle2neck"),
        needs=_sums,
    ),
    Component(
        "DLA Bottleneck Residual Block",
        "a bottleneck residual block of deep layer aggregation",
        layers("DlaBottleneck", "DlaBottle2neck"),
        needs=lambda trace: bottlenecks(trace) + _possible_bottlenecks(trace),
    ),
    Component("Wide Residual Block", "a residual block that is wider inside", wide_bottlenecks, needs=_sums),
    Component(
        "ResNeXt Block",
        "a bottleneck residual block with a grouped convolution",
        grouped_bottlenecks,
        needs=count(lambda operation: is_grouped(operation) or operation.kind == "concatenation"),
    ),
    Component(
        "Res2Net Block",
        "a residual block that convolves parts of its channels one after the other",
        layers("Bottle2neck", "DlaBottle2neck"),
        needs=_concatenations,
    ),
    Component(
        "Res2NeXt Block",
        "a Res2Net block with grouped convolutions",
        lambda trace: min(layers("Bottle2neck", "DlaBottle2neck")(trace), grouped_bottlenecks(trace)),
        needs=_concatenations,
    ),
    Component(
        "Inverted Residual Block",
        "a 1×1 convolution to more channels, a depthwise one, and a 1×1 one to fewer",
        inverted_residuals,
        needs=expansions,
    ),
    Component("FBNet Block", "an inverted residual block of FBNet", inverted_residuals, needs=expansions),
    Component(
        "Dense Block", "layers that take all outputs before them, concatenated", dense_layers, needs=_concatenations
    ),
    Component(
        "DPN Block", "a layer that adds some of its channels and concatenates others", dual_paths, needs=_concatenations
    ),
    Component(
        "One-Shot Aggregation",
        "outputs of several convolutions, concatenated once",
        layers("OsaBlock", "SequentialAppendList", "_OSA_module"),
        needs=_concatenations,
    ),
    Component("SelecSLS Block", "a block of SelecSLS", layers("SelecSlsBlock"), needs=_concatenations),
)

# A module of the Inception family, and the classes of that name.
_INCEPTION_CLASSES = (
    ("Inception-v3 Module", ("InceptionA", "InceptionB", "InceptionC", "InceptionD", "InceptionE", "Mixed_5b")),
    ("Inception-A", ("InceptionA",)),
    ("Inception-B", ("InceptionB",)),
    ("Inception-C", ("InceptionC",)),
    ("Reduction-A", ("ReductionA", "Mixed_6a")),
    ("Reduction-B", ("ReductionB", "Mixed_7a")),
    ("Inception-ResNet-v2-A", ("Block35",)),
    ("Inception-ResNet-v2-B", ("Block17",)),
    ("Inception-ResNet-v2-C", ("Block8",)),
    ("Inception-ResNet-v2 Reduction-B", ("Mixed_7a",)),
)
INCEPTION = tuple(
    Component(tag, f"a module of the class {' or '.join(classes)}", layers(*classes), needs=_concatenations)
    for tag, classes in _INCEPTION_CLASSES
)
