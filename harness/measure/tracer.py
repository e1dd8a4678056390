"""Run a network and trace every call of a torch function. Imports torch; `tracing` imports this module when needed."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from harness.measure.call_rules import CALL_RULES, COMPOSITES, FREE
from harness.measure.operations import ForwardError, Operation, Place, Shape, Trace
from harness.measure.output_shapes import output_shape
from harness.zoo import Network
from harness.zoo.network import with_real_tensors
from harness.zoo.storage import StorageLimitError, needs_real_tensors


class CallRuleError(Exception):
    """A counting rule failed on a call: a bug in the harness."""


def run_traced(network: Network, shape: Shape) -> Trace:
    """Trace one pass; a pass that depends on tensor values runs again with real tensors.

    Raises ForwardError if the network cannot process an image of this shape, and StorageLimitError if it needs more
    real tensors than allowed.
    """
    try:
        return _run(network, network.module, torch.empty(shape, device="meta"))
    except ForwardError as error:
        if network.make is None or not needs_real_tensors(error.__cause__):
            raise
    with with_real_tensors(network.make) as module:
        return _run(network, module, torch.zeros(shape))


def _run(network: Network, module: torch.nn.Module, image: torch.Tensor) -> Trace:
    tracer = _Tracer(module, network.checkpoint_name)
    try:
        # Not inference mode: there, composite functions reach the dispatcher in one piece.
        with torch.no_grad(), warnings.catch_warnings(), tracer.tracked_modules(), tracer:
            warnings.simplefilter("ignore")
            result = module(image)
    except (CallRuleError, StorageLimitError):
        raise
    except (Exception, SystemExit) as error:
        message = str(error).partition("\n")[0] or type(error).__name__
        raise ForwardError(message) from error
    output = tuple(result.shape) if isinstance(result, torch.Tensor) else ()
    operations, unknown_calls = tuple(tracer.operations), tuple(tracer.unknown_calls)
    return Trace(tuple(image.shape), operations, unknown_calls, output, _attributes_for_training(module))


def _attributes_for_training(network: torch.nn.Module) -> tuple[str, ...]:
    """The attributes for dropout and auxiliary classifiers, which a pass in evaluation mode does not run."""
    names = {name for module in network.modules() for name in (*vars(module), *dict(module.named_children()))}
    return tuple(sorted(name for name in names if "drop" in name.casefold() or name.casefold().startswith("aux")))


class _Tracer(TorchFunctionMode):
    """Answers frequent calls on `meta` with an empty tensor of the right shape; torch computes the others."""

    def __init__(self, network: torch.nn.Module, checkpoint_name: Callable[[str], str]) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        modules = dict(network.named_modules())
        # Their operations do not reach the tracer.
        compiled = (module for module in modules.values() if isinstance(module, torch.jit.ScriptModule))
        self.unknown_calls: dict[str, None] = dict.fromkeys(type(module).__name__ for module in compiled)
        self._places = {
            module: Place(checkpoint_name(name), f"{type(module).__module__}.{type(module).__qualname__}")
            for name, module in modules.items()
        }
        self._owners = {
            id(parameter): modules[name.rpartition(".")[0]] for name, parameter in network.named_parameters()
        }
        self._running: list[torch.nn.Module] = []

    @contextmanager
    def tracked_modules(self) -> Iterator[None]:
        """Inside, `_running` is the stack of the modules whose forward pass is running."""
        entering = register_module_forward_pre_hook(lambda module, _: self._running.append(module))
        # Called also when a layer raises: the network may catch that and go on.
        leaving = register_module_forward_hook(self._leave, always_call=True)
        try:
            yield
        finally:
            entering.remove()
            leaving.remove()

    def _leave(self, *_: object) -> None:
        self._running.pop()

    def __torch_function__(self, function: Any, types: object, args: Any = (), kwargs: Any = None) -> Any:
        name, keywords = function.__name__.strip("_"), kwargs or {}
        if name in FREE:
            return function(*args, **keywords)
        if name in COMPOSITES:
            return self._composite(name, function, args, keywords)
        rule = CALL_RULES.get(name)
        if rule is None:
            self.unknown_calls[name] = None
            return function(*args, **keywords)
        if "input" in keywords:
            args, keywords = (keywords["input"], *args), {key: keywords[key] for key in keywords if key != "input"}
        empty = empty_result(name, args, keywords)
        result = function(*args, **keywords) if empty is None else empty
        try:
            self.operations.append(rule(self._place(args), _shape_of(result), *args, **keywords))
        except Exception as error:
            raise CallRuleError(f"{name}: {error}") from error
        return result

    def _composite(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        with _ProductCounter() as products:
            result = function(*args, **keywords)
        inputs = tuple(tuple(argument.shape) for argument in args if isinstance(argument, torch.Tensor))
        place, kind = self._place(args), COMPOSITES[name]
        if kind == "recurrence" and not products.macs:
            # With real tensors, torch may run a recurrence in one piece that dispatches no products.
            self.unknown_calls[name] = None
        self.operations.append(Operation(place, kind, inputs, _shape_of(result), products.macs, products.biases))
        return result

    def _place(self, args: tuple[Any, ...]) -> Place:
        """The running module, under the name of the layer that owns the weight."""
        running = self._places[self._running[-1]]
        owner = self._owners.get(id(args[1])) if len(args) > 1 else None
        if owner is None:
            return running
        return Place(self._places[owner].layer, running.module)


def empty_result(name: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """The result of a frequent call on `meta`, without values; None if torch has to compute it."""
    first, *others = args
    if not isinstance(first, torch.Tensor) or not first.is_meta or "out" in keywords:
        return None
    # Integers and mixed types follow other rules of type promotion.
    dtypes = {other.dtype for other in others if isinstance(other, torch.Tensor)}
    if not first.is_floating_point() or not dtypes <= {first.dtype}:
        return None
    shape = output_shape(name, args, keywords)
    if shape is None:
        return None
    return first if type(first) is torch.Tensor and shape == tuple(first.shape) else first.new_empty(shape)


def _shape_of(result: Any) -> Shape:
    """The shape of a tensor, or of the first of several."""
    while isinstance(result, tuple | list):
        result = result[0]
    return tuple(result.shape) if isinstance(result, torch.Tensor) else ()


class _ProductCounter(TorchDispatchMode):
    """Counts the multiply-adds of the matrix products that a composite function dispatches."""

    def __init__(self) -> None:
        super().__init__()
        self.macs = self.biases = 0

    def __torch_dispatch__(self, function: Any, types: object, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        name = function.overloadpacket.__name__
        if name in {"mm", "bmm", "mv", "dot"}:
            self.macs += prod(result.shape) * args[0].shape[-1]
        elif name in {"addmm", "baddbmm", "addmv"}:
            self.macs += prod(result.shape) * args[1].shape[-1]
            self.biases += prod(result.shape)
        return result
