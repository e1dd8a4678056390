"""What a family hands on: a network without storage, and the names its checkpoints use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True, slots=True)
class Network:
    """A network on the `meta` device: shapes and types, no numbers.

    `published_name` translates a tensor's or layer's name to the one the published checkpoints use, and
    `module_name` translates back.
    """

    module: "nn.Module"
    published_name: Callable[[str], str]
    module_name: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Family:
    """The models one builder can build, and the parameters that each is built from."""

    name: str
    models: dict[str, Any]
    build: Callable[[str], Network]


# What draws or fills initial values. On `meta` there is nothing to fill, and calling them takes half of building.
_INITIALISERS = ("constant_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "uniform_", "zeros_")


@contextmanager
def without_storage() -> Iterator[None]:
    """Modules made inside get tensors on `meta`, and their initial values are never drawn."""
    import torch
    from torch.nn import init

    real = {name: getattr(init, name) for name in _INITIALISERS}
    vars(init).update(dict.fromkeys(real, _leave))
    try:
        with torch.device("meta"):
            yield
    finally:
        vars(init).update(real)


def _leave(tensor: "torch.Tensor", *_: object, **__: object) -> "torch.Tensor":
    return tensor
