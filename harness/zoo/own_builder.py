"""A project's own builders: functions that verify.toml names under [builders]."""

import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.errors import UserError
from harness.zoo.network import Network, UnknownModelError, build_on_meta
from harness.zoo.storage import StorageLimitError

if TYPE_CHECKING:
    from torch import nn


class BuilderError(Exception):
    """A project's builder raised an exception; the message names both."""

    def __init__(self, function: str, error: BaseException) -> None:
        raised = traceback.format_exception_only(error)[-1].strip()
        super().__init__(f"the builder {function} raised {raised}")


class BuilderSettingsError(UserError):
    """verify.toml names a builder that does not exist."""


def build(model: str, pattern: str, function: str, root: Path) -> Network:
    """The network that a project's builder returns for a model name.

    `pattern` and `function` are the line of verify.toml: the function is named as `module:function`. The module is
    searched in the folder `root` first, then on Python's path. Raises BuilderSettingsError if there is no such
    function, UnknownModelError if it cannot be imported or its result cannot be traced, and BuilderError if it raises.
    """
    try:
        builder = _load(pattern, function, root)

        def make() -> "nn.Module":
            module = builder(model)
            if problem := _problem(module):
                missing = f"the builder {function} returned {type(module).__name__} for {model}, {problem}"
                raise UnknownModelError(missing, "return the network from the function that verify.toml names")
            return cast("nn.Module", module)

        return Network(build_on_meta(make), builder=function, make=make)
    except (UserError, UnknownModelError, StorageLimitError):
        raise
    # A module that is a script may end the process when it is imported.
    except (Exception, SystemExit) as error:
        raise BuilderError(function, error) from error


def _problem(module: object) -> str | None:
    """Why an object is not a network that can be traced."""
    import torch
    from torch.nn.parameter import is_lazy

    if not isinstance(module, torch.nn.Module):
        return "which is not a torch.nn.Module"
    if any(isinstance(part, torch.jit.ScriptModule) for part in module.modules()):
        return "which is compiled by torch.jit, so its calls cannot be traced"
    if any(map(is_lazy, module.parameters())):
        return "whose lazy layers have no shapes before the first image"
    return None


def _load(pattern: str, function: str, root: Path) -> Callable[[str], Any]:
    place = f'modelindex/verify.toml: [builders] "{pattern}" = "{function}"'
    module_name, _, name = function.partition(":")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
            expected = f"expected a module {module_name} in the project or on Python's path"
            raise BuilderSettingsError(f"{place}: {expected}, found none; correct the module's name") from None
        missing = f"the builder {function} cannot be imported: {error}"
        raise UnknownModelError(missing, "install what it needs, or correct its imports") from error
    found = getattr(module, name, None)
    if not callable(found):
        kind = f"a value of type {type(found).__name__}" if hasattr(module, name) else "none"
        expected = f"expected a function {name} in the module {module_name}"
        raise BuilderSettingsError(f"{place}: {expected}, found {kind}; correct the function's name")
    return cast("Callable[[str], Any]", found)
