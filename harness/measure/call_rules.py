"""Counting rules: what each torch function adds to a trace.

Names are torch's without the underscores around them, so `add`, `add_` and `__add__` share one rule. A function in
none of these tables has no rule, and `Trace.unknown_calls` names it.
"""

from collections.abc import Callable
from math import prod
from typing import Any

from harness.measure.operations import Operation, Place, Shape

# Called with the place of the call, the output shape, and the arguments of torch's function.
CallRule = Callable[..., Operation]


def _shapes(*arguments: Any) -> tuple[Shape, ...]:
    return tuple(tuple(argument.shape) for argument in arguments if hasattr(argument, "shape"))


def _argument(positional: tuple[Any, ...], index: int, keywords: dict[str, Any], name: str, default: Any) -> Any:
    """An argument passed by position, by keyword, or not at all."""
    return positional[index] if len(positional) > index else keywords.get(name, default)


def _no_macs(kind: str) -> CallRule:
    def rule(place: Place, output: Shape, *arguments: Any, **_: object) -> Operation:
        return Operation(place, kind, _shapes(*arguments), output)

    return rule


def _convolution(kind: str, *, transposed: bool) -> CallRule:
    """Each output element (of a transposed convolution: each input element) takes the whole kernel of its group."""

    def rule(
        place: Place, output: Shape, data: Any, weight: Any, bias: Any = None, *others: Any, **keywords: Any
    ) -> Operation:
        macs = prod(data.shape if transposed else output) * prod(weight.shape[1:])
        biases = prod(output) if bias is not None else 0
        groups = _argument(others, 3, keywords, "groups", 1)
        return Operation(place, kind, _shapes(data), output, macs, biases, tuple(weight.shape[2:]), groups)

    return rule


def _linear(place: Place, output: Shape, data: Any, weight: Any, bias: Any = None) -> Operation:
    biases = prod(output) if bias is not None else 0
    return Operation(place, "linear", _shapes(data), output, prod(output) * weight.shape[-1], biases)


def _product(place: Place, output: Shape, left: Any, right: Any, **_: object) -> Operation:
    return Operation(place, "matrix product", _shapes(left, right), output, prod(output) * left.shape[-1])


def _sum_and_product(place: Place, output: Shape, _: Any, left: Any, right: Any, **__: object) -> Operation:
    """The summand counts as a bias."""
    macs = prod(output) * left.shape[-1]
    return Operation(place, "matrix product", _shapes(left, right), output, macs, prod(output))


def _attention(place: Place, output: Shape, query: Any, key: Any, value: Any, *_: object, **__: object) -> Operation:
    """Every query with every key, and the weights with every value."""
    macs = prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])
    return Operation(place, "attention", _shapes(query, key, value), output, macs)


def _norm(kind: str, weight_index: int) -> CallRule:
    """`weight_index` is the position of the weight after the data in torch.nn.functional's function."""

    def rule(place: Place, output: Shape, data: Any, *others: Any, **keywords: Any) -> Operation:
        affine = _argument(others, weight_index, keywords, "weight", None) is not None
        return Operation(place, kind, _shapes(data), output, affine=affine)

    return rule


def _hardtanh(place: Place, output: Shape, data: Any, *others: Any, **keywords: Any) -> Operation:
    limits = _argument(others, 0, keywords, "min_val", -1.0), _argument(others, 1, keywords, "max_val", 1.0)
    return Operation(place, "ReLU6" if limits == (0.0, 6.0) else "clamp", _shapes(data), output)


def _gelu(place: Place, output: Shape, data: Any, *_: object, approximate: str = "none") -> Operation:
    return Operation(place, "tanh GELU" if approximate == "tanh" else "GELU", _shapes(data), output)


def _concatenation(place: Place, output: Shape, parts: Any, *_: object, **__: object) -> Operation:
    return Operation(place, "concatenation", _shapes(*parts), output)


def _upsampling(place: Place, output: Shape, data: Any, *others: Any, **keywords: Any) -> Operation:
    """The kind includes the mode, because the cost depends on it."""
    mode = _argument(others, 2, keywords, "mode", "nearest")
    return Operation(place, f"{mode} upsampling", _shapes(data), output)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Functions that work on each element independently, with the kind of their operation.
ELEMENTWISE = {
    **dict.fromkeys(("add", "iadd", "radd"), "add"),
    **dict.fromkeys(("mul", "imul", "rmul", "multiply"), "multiply"),
    **dict.fromkeys(("sub", "isub", "rsub", "subtract"), "subtract"),
    **dict.fromkeys(("div", "idiv", "rdiv", "truediv", "itruediv", "rtruediv", "divide"), "divide"),
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "prelu": "PReLU",
    "silu": "SiLU",
    "gelu": "GELU",
    "hardswish": "hard swish",
    "hardsigmoid": "hard sigmoid",
    **{
        name: name
        for name in _names("""
            abs addcdiv addcmul alpha_dropout ceil celu clamp clip cos dropout dropout1d dropout2d
            dropout3d erf exp expm1 feature_dropout floor floor_divide floordiv fmod glu hardshrink lerp
            log log1p log2 log_softmax logsigmoid maximum minimum mish mod neg normalize pow reciprocal
            remainder round rpow rsqrt selu sigmoid sign sin softmax softmin softplus softshrink softsign
            sqrt square tan tanh tanhshrink threshold
        """)
    },
}

# Functions that sum, average or compare many elements.
_REDUCTIONS = _names("""
    all amax amin any argmax argmin argsort cumsum fold logsumexp max mean median min norm prod sort std sum topk
    var var_mean weight_norm
""")

CALL_RULES: dict[str, CallRule] = {
    **{name: _no_macs(kind) for name, kind in ELEMENTWISE.items()},
    **{name: _no_macs(name) for name in _REDUCTIONS},
    **{f"conv{rank}d": _convolution("convolution", transposed=False) for rank in (1, 2, 3)},
    **{f"conv_transpose{rank}d": _convolution("transposed convolution", transposed=True) for rank in (1, 2, 3)},
    **{f"avg_pool{rank}d": _no_macs("average pooling") for rank in (1, 2, 3)},
    **{f"adaptive_avg_pool{rank}d": _no_macs("adaptive average pooling") for rank in (1, 2, 3)},
    **{f"max_pool{rank}d": _no_macs("max pooling") for rank in (1, 2, 3)},
    **{f"max_pool{rank}d_with_indices": _no_macs("max pooling") for rank in (1, 2, 3)},
    **{f"adaptive_max_pool{rank}d": _no_macs("max pooling") for rank in (1, 2, 3)},
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot"), _product),
    **dict.fromkeys(("addmm", "baddbmm", "addmv"), _sum_and_product),
    "rmatmul": lambda place, output, right, left: _product(place, output, left, right),
    "linear": _linear,
    "scaled_dot_product_attention": _attention,
    "batch_norm": _norm("batch norm", 2),
    "instance_norm": _norm("instance norm", 2),
    "layer_norm": _norm("layer norm", 1),
    "group_norm": _norm("group norm", 1),
    "rms_norm": _norm("RMS norm", 1),
    "local_response_norm": _no_macs("local response norm"),
    "gelu": _gelu,
    "hardtanh": _hardtanh,
    "cat": _concatenation,
    "concat": _concatenation,
    "interpolate": _upsampling,
}

# Functions composed of others: counted by the matrix products that torch dispatches for them.
COMPOSITES = {
    "einsum": "matrix product",
    "tensordot": "matrix product",
    "inner": "matrix product",
    "bilinear": "matrix product",
    "multi_head_attention_forward": "attention",
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), "recurrence"),
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), "recurrence"),
}

# Functions that read, create, move, select or compare elements and compute nothing on them.
FREE = frozenset(
    _names("""
        arange argwhere as_strided assert assert_async atleast_1d bitwise_and bitwise_not bitwise_or bool
        broadcast_tensors broadcast_to channel_shuffle chunk clone contiguous copy cpu deepcopy detach
        diagonal dim double dtype embedding empty empty_like eq expand expand_as eye fill flatten flip float
        format full full_like gather ge get getitem gt half hash index_select int invert is_complex
        is_contiguous is_floating_point is_nonzero isfinite isinf isnan item le len linspace logical_and
        logical_not logical_or long lt masked_fill meshgrid movedim narrow native_channel_shuffle ndimension
        ne new_empty new_full new_ones new_tensor new_zeros nonzero numel one_hot ones ones_like pad permute
        pixel_shuffle pixel_unshuffle ravel repeat repeat_interleave requires_grad reshape reshape_as roll
        rot90 scatter select set set_grad_enabled setitem size split split_with_sizes squeeze stack stride
        swapaxes swapdims t take_along_dim tensor_split tile to tolist transpose tril triu type type_as unbind
        unflatten unfold unsqueeze view view_as where zero zeros zeros_like
    """)
)
