"""What a builder hands on: a network without storage, and the names its checkpoints use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.zoo.storage import lacks_numbers, real_tensors

if TYPE_CHECKING:
    import torch
    from torch import nn
    from torch.overrides import TorchFunctionMode


@dataclass(frozen=True, slots=True)
class Network:
    """A network on the `meta` device: shapes and types, no numbers.

    `published_name` translates a tensor's or layer's name to the one the published checkpoints use, and
    `module_name` translates back. `builder` says who built it, and `library` in which library it has the name that it
    was asked for by, where that is one; `note` what a reader should know of that, such as that the model has another
    name today; `image_size` is the side in pixels of the images it is made for, where its builder knows one. `make`
    builds the module again, for a pass that needs numbers; None where no pass does.
    """

    module: "nn.Module"
    published_name: Callable[[str], str] = str
    module_name: Callable[[str], str] = str
    builder: str = ""
    library: str = ""
    note: str = ""
    image_size: int | None = None
    make: "Callable[[], nn.Module] | None" = None


class UnknownModelError(Exception):
    """No builder that was asked knows the model; says which were asked, and what supplies one."""

    def __init__(self, missing: str, supply: str) -> None:
        self.missing = missing
        self.supply = supply
        super().__init__(f"{missing}; {supply}")


# What makes the tensors of layers. Anything else, such as `linspace`, makes numbers that constructors compute with.
_FACTORIES = ("empty", "empty_strided", "full", "ones", "rand", "randn", "zeros")
# What draws or fills initial values. On `meta` there is nothing to fill, and calling them takes half of building.
_INITIALISERS = ("constant_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "uniform_", "zeros_")


def without_storage(make: "Callable[[], nn.Module]") -> "nn.Module":
    """The module that `make` returns, on `meta` and in evaluation mode: its initial values are never drawn.

    A constructor that computes with its layers' tensors gets all of them on `meta`; one that needs their values gets
    real ones, and raises StorageLimitError where these are too many.
    """
    import torch

    with _undrawn():
        for where in (_layers_on_meta(), torch.device("meta")):
            try:
                with where:
                    return make().to("meta").eval()
            except (RuntimeError, TypeError) as error:
                if not lacks_numbers(error):
                    raise
        with real_tensors():
            return make().to("meta").eval()


@contextmanager
def with_numbers(make: "Callable[[], nn.Module]") -> "Iterator[nn.Module]":
    """The module that `make` returns, in evaluation mode, with real tensors: zeros where values would be drawn.

    Raises StorageLimitError where these, or what is computed inside, are too many.
    """
    with real_tensors():
        with _undrawn():
            module = make().eval()
        yield module


@contextmanager
def _undrawn() -> Iterator[None]:
    from torch.nn import init

    real = {name: getattr(init, name) for name in _INITIALISERS}
    vars(init).update(dict.fromkeys(real, _leave))
    try:
        yield
    finally:
        vars(init).update(real)


def _layers_on_meta() -> "TorchFunctionMode":
    import torch
    from torch.overrides import TorchFunctionMode

    factories = {getattr(torch, name) for name in _FACTORIES}

    class LayersOnMeta(TorchFunctionMode):
        """Puts on `meta` what the factories make, unless they are told where."""

        def __torch_function__(
            self,
            function: Callable[..., Any],
            types: object,
            args: tuple[Any, ...] = (),
            kwargs: dict[str, Any] | None = None,
        ) -> Any:
            kwargs = kwargs or {}
            if function in factories and kwargs.get("device") is None:
                kwargs["device"] = "meta"
            return function(*args, **kwargs)

    return LayersOnMeta()


def _leave(tensor: "torch.Tensor", *_: object, **__: object) -> "torch.Tensor":
    return tensor
