"""What each of torch's functions does to tensors: what it counts, and the shape that comes out.

Names are torch's without underscores around them, so that `add`, `add_` and `__add__` are one. A function in none of
these tables is not read, and a trace names it.
"""

from collections.abc import Callable
from math import prod
from typing import Any

from harness.measure.operations import Operation, Place, Shape

# Gets the place of the call, the shape that came out, and what torch's function was called with.
Reader = Callable[..., Operation]


def _shapes(operands: tuple[Any, ...]) -> tuple[Shape, ...]:
    return tuple(tuple(operand.shape) for operand in operands if hasattr(operand, "shape"))


def _of_kind(kind: str) -> Reader:
    def read(place: Place, output: Shape, *operands: Any, **__: object) -> Operation:
        return Operation(place, kind, _shapes(operands), output)

    return read


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _given(others: tuple[Any, ...], at: int, named: dict[str, Any], name: str, otherwise: Any) -> Any:
    """An argument that was given by its place, by its name, or not at all."""
    return others[at] if len(others) > at else named.get(name, otherwise)


def _convolution(
    place: Place, output: Shape, data: Any, weight: Any, bias: Any = None, *others: Any, **named: Any
) -> Operation:
    """Each element that comes out takes the whole kernel of its group."""
    macs, biases = prod(output) * prod(weight.shape[1:]), prod(output) if bias is not None else 0
    groups = _given(others, 3, named, "groups", 1)
    return Operation(
        place, "convolution", _shapes((data,)), output, macs, biases, kernel=tuple(weight.shape[2:]), groups=groups
    )


def _transposed_convolution(
    place: Place, output: Shape, data: Any, weight: Any, bias: Any = None, *others: Any, **named: Any
) -> Operation:
    """Each element that goes in takes the whole kernel of its group."""
    macs, biases = prod(data.shape) * prod(weight.shape[1:]), prod(output) if bias is not None else 0
    kernel, groups = tuple(weight.shape[2:]), _given(others, 3, named, "groups", 1)
    return Operation(
        place, "transposed convolution", _shapes((data,)), output, macs, biases, kernel=kernel, groups=groups
    )


def _linear(place: Place, output: Shape, data: Any, weight: Any, bias: Any = None) -> Operation:
    biases = prod(output) if bias is not None else 0
    return Operation(place, "linear", _shapes((data,)), output, prod(output) * weight.shape[-1], biases)


def _product(place: Place, output: Shape, left: Any, right: Any, **_: object) -> Operation:
    return Operation(place, "matrix product", _shapes((left, right)), output, prod(output) * left.shape[-1])


def _reflected_product(place: Place, output: Shape, right: Any, left: Any) -> Operation:
    return _product(place, output, left, right)


def _sum_and_product(place: Place, output: Shape, _: Any, left: Any, right: Any, **__: object) -> Operation:
    """What is added counts as a bias."""
    return Operation(
        place, "matrix product", _shapes((left, right)), output, prod(output) * left.shape[-1], prod(output)
    )


def _attention(place: Place, output: Shape, query: Any, key: Any, value: Any, *_: object, **__: object) -> Operation:
    """Every query with every key, and the weights with every value."""
    macs = prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])
    return Operation(place, "attention", _shapes((query, key, value)), output, macs)


def _norm(kind: str, weight_at: int) -> Reader:
    """`weight_at` is the place of the weight after the data in torch.nn.functional's function."""

    def read(place: Place, output: Shape, data: Any, *others: Any, **named: Any) -> Operation:
        affine = _given(others, weight_at, named, "weight", None) is not None
        return Operation(place, kind, _shapes((data,)), output, affine=affine)

    return read


def _clipping(place: Place, output: Shape, data: Any, *others: Any, **named: Any) -> Operation:
    ends = _given(others, 0, named, "min_val", -1.0), _given(others, 1, named, "max_val", 1.0)
    return Operation(place, "ReLU6" if ends == (0.0, 6.0) else "clamp", _shapes((data,)), output)


def _concatenation(place: Place, output: Shape, parts: Any, *_: object, **__: object) -> Operation:
    return Operation(place, "concatenation", _shapes(tuple(parts)), output)


def _upsampling(place: Place, output: Shape, data: Any, *others: Any, **named: Any) -> Operation:
    """The kind holds the mode, as what it costs depends on it."""
    mode = _given(others, 2, named, "mode", "nearest")
    return Operation(place, f"{mode} upsampling", _shapes((data,)), output)


# What works on each element by itself, and what tells one from another.
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
        for name in _words("""
            abs addcdiv addcmul alpha_dropout ceil celu clamp clip cos dropout dropout1d dropout2d
            dropout3d erf exp expm1 feature_dropout floor floor_divide floordiv fmod glu hardshrink lerp
            log log1p log2 log_softmax logsigmoid maximum minimum mish mod neg normalize pow reciprocal
            remainder round rpow rsqrt selu sigmoid sign sin softmax softmin softplus softshrink softsign
            sqrt square tan tanh tanhshrink threshold
        """)
    },
}

# What sums up, averages or compares many elements.
_REDUCTIONS = _words("""
    all amax amin any argmax argmin argsort cumsum fold logsumexp max mean median min norm prod sort std sum topk
    var var_mean weight_norm
""")

READERS: dict[str, Reader] = {
    **{name: _of_kind(kind) for name, kind in ELEMENTWISE.items()},
    **{name: _of_kind(name) for name in _REDUCTIONS},
    **{f"conv{rank}d": _convolution for rank in (1, 2, 3)},
    **{f"conv_transpose{rank}d": _transposed_convolution for rank in (1, 2, 3)},
    **{f"avg_pool{rank}d": _of_kind("average pooling") for rank in (1, 2, 3)},
    **{f"adaptive_avg_pool{rank}d": _of_kind("adaptive average pooling") for rank in (1, 2, 3)},
    **{f"max_pool{rank}d": _of_kind("max pooling") for rank in (1, 2, 3)},
    **{f"max_pool{rank}d_with_indices": _of_kind("max pooling") for rank in (1, 2, 3)},
    **{f"adaptive_max_pool{rank}d": _of_kind("max pooling") for rank in (1, 2, 3)},
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot"), _product),
    **dict.fromkeys(("addmm", "baddbmm", "addmv"), _sum_and_product),
    "rmatmul": _reflected_product,
    "linear": _linear,
    "scaled_dot_product_attention": _attention,
    "batch_norm": _norm("batch norm", 2),
    "instance_norm": _norm("instance norm", 2),
    "layer_norm": _norm("layer norm", 1),
    "group_norm": _norm("group norm", 1),
    "rms_norm": _norm("RMS norm", 1),
    "local_response_norm": _of_kind("local response norm"),
    "hardtanh": _clipping,
    "cat": _concatenation,
    "concat": _concatenation,
    "interpolate": _upsampling,
}

# Functions made of others: counted by the matrix products and convolutions that torch itself makes of them.
COMPOSITES = {
    "einsum": "matrix product",
    "tensordot": "matrix product",
    "inner": "matrix product",
    "bilinear": "matrix product",
    "multi_head_attention_forward": "attention",
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), "recurrence"),
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), "recurrence"),
}

# Calls that compute nothing on elements: they read, make, move, select or compare them.
FREE = frozenset(
    _words("""
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
