"""Layers and activations: components that single operations show."""

from harness.measure.components.component import Component, Wider
from harness.measure.components.detectors import (
    activated_norms,
    always,
    batch_norms,
    class_scores,
    count,
    covers_input,
    dense_layers,
    for_training,
    fully_connected_layers,
    is_average,
    is_blur,
    is_convolution,
    is_depthwise,
    is_grouped,
    is_last_average,
    is_map_sigmoid,
    is_pointwise,
    is_pointwise_or_linear,
    kinds,
    layers,
    never,
    of_class_or_kind,
    separable_convolutions,
    standardized_convolutions,
    swishes,
)

_GATES = (
    "Squeeze-and-Excitation Block",
    "Efficient Channel Attention",
    "Split Attention",
    "Selective Kernel",
    "CondConv",
)
_INVERTED = ("Inverted Residual Block", "FBNet Block", "MixConv")
_DEPTHWISE = ("Depthwise Convolution", "Depthwise Separable Convolution")
_BLUR = ("Blur Pooling", "Anti-Alias Downsampling")
_GROUPED = (*_DEPTHWISE, *_INVERTED, *_BLUR, "ResNeXt Block", "Res2NeXt Block", "DPN Block", "Split Attention")

_averages = kinds("average pooling", "adaptive average pooling", "mean", "squeeze", "sum")
# Filters of each channel: a depthwise convolution, one of single channels, or an average.
_filters = count(
    lambda operation: (
        (is_convolution(operation) and operation.inputs[0][1] in {1, operation.groups})
        or operation.kind == "average pooling"
    )
)
# What a norm that is written out computes.
_STATISTICS = ("rsqrt", "sqrt", "std", "var", "var_mean")
_concatenations = kinds("concatenation")
_dropouts = kinds("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout")
_products = kinds("multiply", "matrix product", "sum")
_IN_TRAINING = "acts in training only"

ACTIVATIONS = (
    Component(
        "ReLU",
        "a rectified linear unit, max(0, x)",
        kinds("ReLU"),
        needs=kinds("clamp", "clip", "maximum", "threshold", "PReLU"),
        wider=Wider("a rectified linear unit with maximum 6", kinds("ReLU6")),
        implied_by=(),
    ),
    Component(
        "ReLU6",
        "a rectified linear unit with maximum 6",
        kinds("ReLU6"),
        needs=kinds("clamp", "clip", "minimum", "hard swish", "hard sigmoid"),
        implied_by=(),
    ),
    Component(
        "Leaky ReLU",
        "a rectifier with slope below zero",
        kinds("leaky ReLU"),
        needs=kinds("PReLU", "maximum"),
        implied_by=(),
    ),
    Component(
        "GELU",
        "a Gaussian error linear unit",
        kinds("GELU", "tanh GELU"),
        needs=kinds("erf", "tanh", "sigmoid"),
        implied_by=(),
    ),
    Component(
        "Swish",
        "a value times its sigmoid",
        swishes,
        needs=count(is_map_sigmoid),
        wider=Wider("its piecewise linear approximation, hard swish", kinds("hard swish")),
        implied_by=(),
    ),
    Component(
        "Hard Swish",
        "a piecewise linear approximation of swish",
        kinds("hard swish"),
        needs=kinds("ReLU6", "hard sigmoid", "clamp", "clip"),
        implied_by=("Swish",),
    ),
    Component("Mish", "a value times the tanh of its softplus", kinds("mish"), needs=kinds("softplus", "tanh")),
    Component(
        "Sigmoid Activation",
        "a sigmoid",
        kinds("sigmoid"),
        needs=kinds("exp", "tanh", "SiLU"),
        wider=Wider("its piecewise linear approximation, hard sigmoid", kinds("hard sigmoid")),
        implied_by=(*_GATES, "Swish"),
    ),
    Component("Tanh Activation", "a hyperbolic tangent", kinds("tanh"), needs=kinds("tanh GELU", "exp", "sigmoid")),
    # Scores are turned into probabilities inside or after the network.
    Component(
        "Softmax",
        "exponentials normalized to sum 1: inside the network, or of the class scores that it returns",
        lambda trace: kinds("softmax", "log_softmax", "attention")(trace) + class_scores(trace),
        needs=always,
    ),
)

LAYERS = (
    Component(
        "1x1 Convolution",
        "a convolution with a 1×1 kernel",
        count(is_pointwise),
        needs=count(is_pointwise_or_linear),
        implied_by=(),
    ),
    Component("Convolution", "any convolution", count(is_convolution), needs=always, implied_by=()),
    Component(
        "Grouped Convolution",
        "a convolution with more than one group",
        count(is_grouped),
        needs=kinds("concatenation", "transposed convolution"),
        implied_by=_GROUPED,
    ),
    Component(
        "Depthwise Convolution",
        "a convolution with one group per channel",
        count(is_depthwise),
        needs=kinds("transposed convolution"),
        implied_by=(*_INVERTED, *_BLUR, "Depthwise Separable Convolution"),
    ),
    Component(
        "Depthwise Separable Convolution",
        "a depthwise convolution, then a 1×1 convolution",
        separable_convolutions,
        needs=count(is_depthwise),
    ),
    Component("MixConv", "depthwise convolutions of several kernels", layers("MixedConv2d"), needs=_concatenations),
    Component("CondConv", "a kernel mixed for each image", layers("CondConv2d"), needs=_products),
    Component(
        "Dense Connections",
        "a linear (fully connected) layer, also as a convolution, or densely connected layers",
        lambda trace: fully_connected_layers(trace) + dense_layers(trace),
        needs=count(lambda operation: covers_input(operation) or operation.kind in {"concatenation", "attention"}),
        implied_by=(),
    ),
    Component(
        "Batch Normalization",
        "a batch norm layer",
        batch_norms,
        needs=of_class_or_kind("BatchNorm", "batch norm", *_STATISTICS),
        implied_by=("InPlace-ABN",),
    ),
    Component(
        "Group Normalization",
        "a norm over groups of channels",
        kinds("group norm"),
        needs=of_class_or_kind("GroupNorm", *_STATISTICS),
        implied_by=(),
    ),
    Component(
        "Layer Normalization",
        "a norm over all channels",
        kinds("layer norm"),
        needs=of_class_or_kind("LayerNorm", "group norm", *_STATISTICS),
        implied_by=(),
    ),
    Component(
        "InPlace-ABN",
        "batch norm and activation in one operation that overwrites its input",
        layers("InPlaceABN", "InplaceAbn"),
        needs=kinds("batch norm"),
        wider=Wider("batch norm and its activation, computed one after the other", activated_norms),
    ),
    Component(
        "Weight Standardization",
        "convolution weights with mean 0 and variance 1",
        standardized_convolutions,
        needs=always,
    ),
    Component(
        "Dropout",
        "random zeros during training",
        _dropouts,
        needs=always,
        wider=Wider(_IN_TRAINING, for_training("drop_rate", "dropout")),
    ),
    Component(
        "Attention Dropout",
        "random zeros among attention weights during training",
        never,
        needs=always,
        wider=Wider(_IN_TRAINING, for_training("attn_drop", "attention_dropout")),
    ),
    Component(
        "Drop Path",
        "residual branches left out at random during training",
        never,
        needs=always,
        wider=Wider(_IN_TRAINING, for_training("drop_path", "stochastic_depth")),
    ),
    Component(
        "Auxiliary Classifier",
        "a second classifier at an inner layer",
        never,
        needs=always,
        wider=Wider(_IN_TRAINING, for_training("aux")),
    ),
)

POOLING = (
    Component(
        "Average Pooling",
        "an average over some or all positions",
        count(is_average),
        needs=_averages,
        implied_by=("Global Average Pooling",),
    ),
    Component(
        "Global Average Pooling",
        "an average over all positions, before the head",
        count(is_last_average),
        needs=_averages,
        implied_by=("Average Pooling",),
    ),
    Component(
        "Max Pooling",
        "the maximum of neighbouring positions",
        kinds("max pooling"),
        needs=kinds("amax", "max", "maximum", "sort", "topk"),
        implied_by=(),
    ),
    Component("Blur Pooling", "a fixed kernel for each channel", count(is_blur), needs=_filters),
    Component("Anti-Alias Downsampling", "a low-pass filter before subsampling", count(is_blur), needs=_filters),
)
