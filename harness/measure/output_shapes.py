"""Output shapes of the most frequent calls, computed without torch.

torch's own shape rules for `meta` tensors load its compiler and sympy, which takes longer than building a network.
Calls whose shapes do not fit return None: torch then runs them and raises its own error.
"""

from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from harness.measure.call_rules import ELEMENTWISE
from harness.measure.operations import Shape

# `glu` halves a dimension, and `prelu` lines up its weight in another way.
_BROADCASTING = ELEMENTWISE.keys() - {"glu", "prelu"}


def output_shape(name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Shape | None:
    """The output shape of a call of torch's function `name`; None if torch has to compute it."""
    if name in _BROADCASTING:
        return _broadcast([tuple(argument.shape) for argument in arguments if hasattr(argument, "shape")])
    rule = _SHAPES.get(name)
    return rule(*arguments, **keywords) if rule else None


def _broadcast(shapes: list[Shape]) -> Shape | None:
    if len(set(shapes)) == 1:
        return shapes[0]
    output = []
    for sizes in zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1):
        largest = max(sizes)
        if any(size not in {1, largest} for size in sizes):
            return None
        output.append(largest)
    return tuple(output[::-1])


def _conv2d(  # noqa: PLR0913, PLR0917 - the arguments of torch.conv2d
    data: Any,
    weight: Any,
    _: object = None,
    stride: int | Shape = 1,
    padding: int | Shape | str = 0,
    dilation: int | Shape = 1,
    groups: int = 1,
    **__: object,
) -> Shape | None:
    """Source of the formula: torch.nn.Conv2d's documentation."""
    if isinstance(padding, str) or len(data.shape) != 4 or data.shape[1] != weight.shape[1] * groups:
        return None
    sides = zip(data.shape[2:], weight.shape[2:], _pair(stride), _pair(padding), _pair(dilation), strict=True)
    spatial = tuple((size + 2 * pad - dilate * (k - 1) - 1) // step + 1 for size, k, step, pad, dilate in sides)
    return (data.shape[0], weight.shape[0], *spatial) if min(spatial) > 0 else None


def _linear(data: Any, weight: Any, *_: object, **__: object) -> Shape | None:
    if len(weight.shape) != 2 or data.shape[-1] != weight.shape[1]:
        return None
    return (*data.shape[:-1], weight.shape[0])


def _adaptive_pool(data: Any, output_size: int | Shape) -> Shape | None:
    sizes = _pair(output_size)
    return None if None in sizes else (*data.shape[:-2], *sizes)


def _pair(size: int | Shape) -> Shape:
    if isinstance(size, int):
        return (size, size)
    return tuple(size) * 2 if len(size) == 1 else tuple(size)


_KEEPING = ("batch_norm", "group_norm", "layer_norm", "hardtanh", "prelu", "rms_norm")
_SHAPES: dict[str, Callable[..., Shape | None]] = {
    "conv2d": _conv2d,
    "linear": _linear,
    "adaptive_avg_pool2d": _adaptive_pool,
    **dict.fromkeys(_KEEPING, lambda data, *_, **__: tuple(data.shape)),
}
