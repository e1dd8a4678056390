"""What a family hands on: a network without storage, and the names its checkpoints use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Network:
    """A network on the `meta` device: shapes and types, no numbers.

    `published_name` translates a tensor's or layer's name to the one the published checkpoints use.
    """

    module: "nn.Module"
    published_name: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Family:
    """The models one builder can build, and the parameters that each is built from."""

    name: str
    models: dict[str, Any]
    build: Callable[[str], Network]


@contextmanager
def without_storage() -> Iterator[None]:
    """Modules made inside get tensors on `meta`, and their initial values are never drawn."""
    import torch
    from torch.overrides import TorchFunctionMode

    class LeaveUninitialised(TorchFunctionMode):
        """Drawing from a distribution on `meta` gives nothing, and takes as long as the rest of building."""

        def __torch_function__(
            self,
            function: Callable[..., Any],
            types: object,  # noqa: ARG002
            args: tuple[Any, ...] = (),
            kwargs: dict[str, Any] | None = None,
        ) -> Any:  # noqa: ANN401
            if function.__name__ in {"normal_", "uniform_"}:
                return args[0] if args else (kwargs or {})["tensor"]
            return function(*args, **(kwargs or {}))

    with torch.device("meta"), LeaveUninitialised():
        yield
