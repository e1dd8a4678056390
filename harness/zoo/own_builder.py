"""Builders that a project brings along: functions that it names in verify.toml."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.zoo.network import Network, UnknownModelError, without_storage

_MEND = "correct [builders] in modelindex/verify.toml"


def build(model: str, function: str, root: Path) -> Network:
    """What the function, named as `module:function`, makes of the model's name: a torch.nn.Module.

    The module is looked for in the project's folder first, then wherever Python looks. Raises UnknownModelError where
    there is no such function, or what it returns is no network; what it raises itself comes through.
    """
    import torch

    make = _function(function, root)

    def made() -> torch.nn.Module:
        module = make(model)
        if not isinstance(module, torch.nn.Module):
            told = f"the builder {function} returned {type(module).__name__} for {model}, which is no torch.nn.Module"
            raise UnknownModelError(told, "return the network, in the function that verify.toml names")
        return module

    return Network(without_storage(made), builder=function, make=made)


def _function(name: str, root: Path) -> Callable[[str], Any]:
    module, _, function = name.partition(":")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        told = f"the builder {name} cannot be imported: {error}"
        raise UnknownModelError(told, f"{_MEND}, or install what it needs") from error
    if not callable(found):
        raise UnknownModelError(f"the builder {name} is no function", _MEND)
    made: Callable[[str], Any] = found
    return made
