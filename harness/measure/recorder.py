"""Runs a network with every call of a torch function written down. Imports torch, so it is imported to run one."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from harness.measure.operations import ForwardError, Operation, Place, Shape
from harness.measure.readers import COMPOSITES, FREE, READERS
from harness.measure.shapes import answered_shape
from harness.zoo import Network
from harness.zoo.network import with_numbers
from harness.zoo.storage import StorageLimitError, lacks_numbers


class ReadingError(Exception):
    """A rule that could not read a call: a fault of the harness."""


def record(network: Network, shape: Shape) -> tuple[list[Operation], tuple[str, ...], Shape]:
    """The operations of one pass, the names of calls without a rule, and the shape that the network returns.

    Where the pass needs numbers, it is run with real tensors. Raises ForwardError where the network takes no image of
    this shape, and StorageLimitError where it needs more numbers than are to be held.
    """
    try:
        return _run(network, network.module, torch.empty(shape, device="meta"))
    except ForwardError as error:
        if network.make is None or not lacks_numbers(error.__cause__):
            raise
    with with_numbers(network.make) as module:
        return _run(network, module, torch.zeros(shape))


def _run(
    network: Network, module: torch.nn.Module, image: torch.Tensor
) -> tuple[list[Operation], tuple[str, ...], Shape]:
    recorder = _Recorder(module, network.published_name)
    try:
        # Not inference mode: composite functions would reach the dispatcher whole. What a network warns of in
        # passing is nothing that a page claims.
        with torch.no_grad(), warnings.catch_warnings(), recorder.following_modules(), recorder:
            warnings.simplefilter("ignore")
            result = module(image)
    except (ReadingError, StorageLimitError):
        raise
    # A network that ends the process takes no image either.
    except (Exception, SystemExit) as error:
        told = str(error).partition("\n")[0] or type(error).__name__
        raise ForwardError(told) from error
    output = tuple(result.shape) if isinstance(result, torch.Tensor) else ()
    return recorder.operations, tuple(recorder.unread), output


class _Recorder(TorchFunctionMode):
    """Answers frequent calls with a shape alone; for the others torch works out the shape."""

    def __init__(self, network: torch.nn.Module, published_name: Callable[[str], str]) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self.unread: dict[str, None] = {}
        modules = dict(network.named_modules())
        self._places = {
            module: Place(published_name(name), f"{type(module).__module__}.{type(module).__qualname__}")
            for name, module in modules.items()
        }
        self._owners = {
            id(parameter): modules[name.rpartition(".")[0]] for name, parameter in network.named_parameters()
        }
        self._within: list[torch.nn.Module] = []

    @contextmanager
    def following_modules(self) -> Iterator[None]:
        """Inside, it is known which module is running."""
        entering = register_module_forward_pre_hook(lambda module, _: self._within.append(module))
        leaving = register_module_forward_hook(self._leave)
        try:
            yield
        finally:
            entering.remove()
            leaving.remove()

    def _leave(self, *_: object) -> None:
        self._within.pop()

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name, named = function.__name__.strip("_"), kwargs or {}
        if name in FREE:
            return function(*args, **named)
        if name in COMPOSITES:
            return self._composite(name, function, args, named)
        read = READERS.get(name)
        if read is None:
            self.unread[name] = None
            return function(*args, **named)
        if "input" in named:
            args, named = (named["input"], *args), {key: value for key, value in named.items() if key != "input"}
        answer = _answered(name, args, named)
        result = function(*args, **named) if answer is None else answer
        try:
            self.operations.append(read(self._place(args), _shape_of(result), *args, **named))
        except Exception as error:
            raise ReadingError(f"{name}: {error}") from error
        return result

    def _composite(self, name: str, function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        with _Products() as products:
            result = function(*args, **named)
        operands = tuple(tuple(one.shape) for one in args if isinstance(one, torch.Tensor))
        place, kind = self._place(args), COMPOSITES[name]
        if kind == "recurrence" and not products.macs:
            # With numbers to compute, torch may run a recurrence in one piece that shows no products.
            self.unread[name] = None
        self.operations.append(Operation(place, kind, operands, _shape_of(result), products.macs, products.biases))
        return result

    def _place(self, args: tuple[Any, ...]) -> Place:
        """The running module, by the name of the layer that the weight belongs to."""
        running = self._places[self._within[-1]]
        owner = self._owners.get(id(args[1])) if len(args) > 1 else None
        if owner is None:
            return running
        return Place(self._places[owner].layer, running.module)


def _answered(name: str, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """The tensor that a frequent call on `meta` makes, or None where torch is to be asked."""
    first, *others = args
    if not isinstance(first, torch.Tensor) or not first.is_meta or "out" in named:
        return None
    # Whole numbers, and what mixes types, follow rules of their own.
    kind = first.dtype
    if not kind.is_floating_point:
        return None
    for one in others:
        if isinstance(one, torch.Tensor) and one.dtype is not kind:
            return None
    shape = answered_shape(name, args, named)
    if shape is None:
        return None
    return first if type(first) is torch.Tensor and shape == tuple(first.shape) else first.new_empty(shape)


def _shape_of(result: Any) -> Shape:
    """The shape of a tensor; of several, that of the first."""
    while isinstance(result, tuple | list):
        result = result[0]
    return tuple(result.shape) if isinstance(result, torch.Tensor) else ()


class _Products(TorchDispatchMode):
    """Counts the multiply-adds of what a function of many parts comes down to."""

    def __init__(self) -> None:
        super().__init__()
        self.macs = self.biases = 0

    def __torch_dispatch__(
        self,
        function: Any,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        name = function.overloadpacket.__name__
        if name in {"mm", "bmm", "mv", "dot"}:
            self.macs += prod(result.shape) * args[0].shape[-1]
        elif name in {"addmm", "baddbmm", "addmv"}:
            self.macs += prod(result.shape) * args[1].shape[-1]
            self.biases += prod(result.shape)
        return result
