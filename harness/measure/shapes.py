"""The shape that comes out of the most frequent calls, without asking torch.

torch's own rules for `meta` load its compiler and sympy, which takes longer than building a network. What does not
fit together is left to torch, whose error says so.
"""

from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from harness.measure.operations import Shape
from harness.measure.readers import ELEMENTWISE


def answered_shape(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Shape | None:
    """The shape that comes out of a call by torch's name; None where torch is to be asked."""
    if name in _STRETCHING:
        return _stretched([tuple(one.shape) for one in arguments if hasattr(one, "shape")])
    rule = _SHAPES.get(name)
    return rule(*arguments, **named) if rule else None


# `glu` halves a side, and `prelu` has its own idea of what lines up.
_STRETCHING = ELEMENTWISE.keys() - {"glu", "prelu"}


def _stretched(shapes: list[Shape]) -> Shape | None:
    """The shape that all are stretched to, by the rules of broadcasting; None where they do not fit."""
    if len(set(shapes)) == 1:
        return shapes[0]
    output = []
    for sizes in zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1):
        size = max(sizes)
        if any(one not in {1, size} for one in sizes):
            return None
        output.append(size)
    return tuple(output[::-1])


def _convolved(  # noqa: PLR0913, PLR0917 - the arguments of torch.conv2d
    data: Any,
    weight: Any,
    _: object = None,
    stride: int | Shape = 1,
    padding: int | Shape | str = 0,
    dilation: int | Shape = 1,
    groups: int = 1,
    **__: object,
) -> Shape | None:
    """The size that comes out is that of torch.nn.Conv2d's documentation."""
    if isinstance(padding, str) or len(data.shape) != 4 or data.shape[1] != weight.shape[1] * groups:
        return None
    sides = zip(data.shape[2:], weight.shape[2:], _pair(stride), _pair(padding), _pair(dilation), strict=True)
    spatial = tuple((size + 2 * pad - spread * (k - 1) - 1) // step + 1 for size, k, step, pad, spread in sides)
    return (data.shape[0], weight.shape[0], *spatial) if min(spatial) > 0 else None


def _multiplied(data: Any, weight: Any, *_: object, **__: object) -> Shape | None:
    if len(weight.shape) != 2 or data.shape[-1] != weight.shape[1]:
        return None
    return (*data.shape[:-1], weight.shape[0])


def _pooled(data: Any, output_size: int | Shape) -> Shape | None:
    sizes = _pair(output_size)
    return None if None in sizes else (*data.shape[:-2], *sizes)


def _same(data: Any, *_: object, **__: object) -> Shape:
    return tuple(data.shape)


def _pair(size: int | Shape) -> Shape:
    if isinstance(size, int):
        return (size, size)
    return tuple(size) * 2 if len(size) == 1 else tuple(size)


_SHAPES: dict[str, Callable[..., Shape | None]] = {
    "conv2d": _convolved,
    "linear": _multiplied,
    "adaptive_avg_pool2d": _pooled,
    "batch_norm": _same,
    "group_norm": _same,
    "layer_norm": _same,
    "hardtanh": _same,
    "prelu": _same,
    "rms_norm": _same,
}
