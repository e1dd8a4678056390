"""The longest path through a network's convolutions. Imports torch; `depth` imports this module when needed."""

import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from harness.measure.operations import ForwardError, Shape
from harness.measure.tracer import empty_result
from harness.zoo import Network

# The convolutions on the longest path to a tensor: of any kind, and not depthwise.
_Path = tuple[int, int]


def longest_path(network: Network, shape: Shape) -> tuple[int, int, int]:
    """The convolutions on the longest path to the output, those but the depthwise ones, and those of the stem.

    Raises ForwardError if the network needs the values of an image, which `meta` does not have.
    """
    tracer = _PathTracer()
    try:
        with torch.no_grad(), warnings.catch_warnings(), tracer:
            warnings.simplefilter("ignore")
            network.module(torch.empty(shape, device="meta"))
    except (Exception, SystemExit) as error:
        raise ForwardError(str(error).partition("\n")[0] or type(error).__name__) from error
    return *tracer.longest, tracer.stem


class _PathTracer(TorchFunctionMode):
    """Notes on each tensor the longest path to it."""

    def __init__(self) -> None:
        super().__init__()
        self.longest: _Path = (0, 0)
        self.stem = 0
        self._pooled = False

    def __torch_function__(self, function: Any, types: object, args: Any = (), kwargs: Any = None) -> Any:
        name, keywords = function.__name__.strip("_"), kwargs or {}
        path = _longest(_tensors((args, list(keywords.values()))))
        empty = empty_result(name, args, keywords) if args else None
        # A new tensor: the empty result may be the first argument, which has a path of its own.
        result = function(*args, **keywords) if empty is None else empty.new_empty(empty.shape)
        if name in {"conv2d", "conv_transpose2d"} and max(args[0].shape[2:]) > 1:
            weight = args[1]
            path = path[0] + 1, path[1] + (weight.shape[1] > 1)
            self.longest = _longest_of(self.longest, path)
        elif name == "max_pool2d" and not self._pooled:
            self._pooled = True
            size = args[1] if len(args) > 1 else keywords.get("kernel_size")
            self.stem = path[0] if size in {3, (3, 3)} else 0
        for tensor in _tensors(result):
            tensor._longest_path = _longest_of(path, getattr(tensor, "_longest_path", (0, 0)))
        return result


def _tensors(value: Any) -> Iterator[Any]:
    """The tensors in a value, also in lists and tuples."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)


def _longest(tensors: Iterator[Any]) -> _Path:
    paths = [getattr(tensor, "_longest_path", (0, 0)) for tensor in tensors]
    return max((path[0] for path in paths), default=0), max((path[1] for path in paths), default=0)


def _longest_of(first: _Path, second: _Path) -> _Path:
    return max(first[0], second[0]), max(first[1], second[1])
