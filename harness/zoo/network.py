"""A network without storage, and the names its published checkpoints use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.verdict import NotHereError
from harness.zoo.storage import needs_real_tensors, real_tensors

if TYPE_CHECKING:
    import torch
    from torch import nn
    from torch.overrides import TorchFunctionMode


@dataclass(frozen=True, slots=True)
class Network:
    """A network on the `meta` device: shapes and types without values.

    `checkpoint_name` translates the name of a tensor or layer to the name in the published checkpoints, `module_name`
    translates back. `builder` describes who built it, `library` is the library that has the model under the requested
    name, `note` a remark for readers, such as the model's new name. `image_size` is the side in pixels of the images
    it was designed for, if known. `make` builds the module again for a pass with real tensors; None if no pass needs
    them. `make_with_auxiliary_classifier` builds it with one; None if the library has no such option.
    """

    module: "nn.Module"
    checkpoint_name: Callable[[str], str] = str
    module_name: Callable[[str], str] = str
    builder: str = ""
    library: str = ""
    note: str = ""
    image_size: int | None = None
    make: "Callable[[], nn.Module] | None" = None
    make_with_auxiliary_classifier: "Callable[[], nn.Module] | None" = None


class UnknownModelError(NotHereError):
    """No builder can build the model. `missing` says why, `supply` what would help."""


# Functions that create the tensors of layers. Others, such as `linspace`, create values that constructors compute with.
_FACTORIES = ("empty", "empty_strided", "full", "ones", "rand", "randn", "zeros")
# Functions that set initial values: useless on `meta`, and half of the time of building.
_INITIALIZERS = ("constant_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "uniform_", "zeros_")


def build_on_meta(make: "Callable[[], nn.Module]") -> "nn.Module":
    """The module that `make` returns, on `meta` and in evaluation mode, without initial values.

    First only layers are put on `meta`; then, if the constructor computes with their tensors, everything; then, if it
    needs their values, nothing. Raises StorageLimitError if real tensors would exceed the limit.
    """
    import torch

    with _without_initialization():
        for device in (_layers_on_meta(), torch.device("meta")):
            try:
                with device:
                    return make().to("meta").eval()
            except (RuntimeError, TypeError) as error:
                if not needs_real_tensors(error):
                    raise
        with real_tensors():
            return make().to("meta").eval()


@contextmanager
def with_real_tensors(make: "Callable[[], nn.Module]") -> "Iterator[nn.Module]":
    """The module that `make` returns, in evaluation mode, with zeros in place of initial values.

    Raises StorageLimitError if its tensors, or those computed inside, exceed the limit.
    """
    with real_tensors():
        with _without_initialization():
            module = make().eval()
        yield module


@contextmanager
def _without_initialization() -> Iterator[None]:
    from torch.nn import init

    def unchanged(tensor: "torch.Tensor", *_: object, **__: object) -> "torch.Tensor":
        return tensor

    originals = {name: getattr(init, name) for name in _INITIALIZERS}
    vars(init).update(dict.fromkeys(originals, unchanged))
    try:
        yield
    finally:
        vars(init).update(originals)


def _layers_on_meta() -> "TorchFunctionMode":
    import torch
    from torch.overrides import TorchFunctionMode

    factories = {getattr(torch, name) for name in _FACTORIES}

    class LayersOnMeta(TorchFunctionMode):
        """Makes `meta` the default device of the factories."""

        def __torch_function__(self, function: Any, types: object, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if function in factories and kwargs.get("device") is None:
                kwargs["device"] = "meta"
            return function(*args, **kwargs)

    return LayersOnMeta()
