"""Builders that a project brings along: functions that it names in verify.toml."""

import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.zoo.network import Network, UnknownModelError, without_storage
from harness.zoo.storage import StorageLimitError

if TYPE_CHECKING:
    from torch import nn

_MEND = "correct [builders] in modelindex/verify.toml"


class BuilderError(Exception):
    """A project's builder that could not finish; the message says which, and what it raised."""

    def __init__(self, function: str, error: BaseException) -> None:
        raised = traceback.format_exception_only(error)[-1].strip()
        super().__init__(f"the builder {function} raised {raised}")


def build(model: str, function: str, root: Path) -> Network:
    """What the function, named as `module:function`, makes of the model's name: a torch.nn.Module.

    The module is looked for in the project's folder first, then wherever Python looks. Raises UnknownModelError where
    there is no such function, or what it returns cannot be followed; BuilderError where it raises something itself.
    """
    try:
        make = _function(function, root)

        def made() -> "nn.Module":
            module = make(model)
            if fault := _fault(module):
                told = f"the builder {function} returned {type(module).__name__} for {model}, {fault}"
                raise UnknownModelError(told, "return the network, in the function that verify.toml names")
            return cast("nn.Module", module)

        return Network(without_storage(made), builder=function, make=made)
    except (UnknownModelError, StorageLimitError):
        raise
    # A script that is run by being imported, or that reads a command line, ends the process.
    except (Exception, SystemExit) as error:
        raise BuilderError(function, error) from error


def _fault(module: object) -> str | None:
    """Why something is no network that can be counted; None where it is one."""
    import torch
    from torch.nn.parameter import is_lazy

    if not isinstance(module, torch.nn.Module):
        return "which is no torch.nn.Module"
    if any(isinstance(part, torch.jit.ScriptModule) for part in module.modules()):
        return "whose calls torch.jit has compiled, so that they cannot be counted"
    if any(map(is_lazy, module.parameters())):
        return "whose layers do not know their shapes before they have seen an image"
    return None


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
