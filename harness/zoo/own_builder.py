"""A project's own builders: functions that verify.toml names under [builders]."""

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from harness.errors import UserError
from harness.zoo.network import Network, UnknownModelError, build_on_meta
from harness.zoo.storage import StorageLimitError

if TYPE_CHECKING:
    from torch import nn

# A package that holds modules of the project that installed modules of the same name hide.
_HIDDEN = "_modules_of_the_project"


class BuilderError(Exception):
    """A project's builder raised an exception; the message names both."""

    def __init__(self, function: str, error: BaseException) -> None:
        raised = traceback.format_exception_only(error)[-1].strip()
        super().__init__(f"the builder {function} raised {raised}")


class BuilderSettingsError(UserError):
    """verify.toml names a builder that does not exist."""


def build(model: str, pattern: str, function: str, root: Path) -> Network:
    """The network that a project's builder returns for a model name.

    `pattern` and `function` are the line of verify.toml: the function is named as `module:function`. The module's file
    must be in the folder `root`. The caller makes sure that somebody trusts the project.

    Raises BuilderSettingsError if there is no such function, UnknownModelError if it cannot be imported or its result
    cannot be traced, and BuilderError if it raises.
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
    file = _file_below(root, module_name)
    if file is None:
        expected = f"expected a module {module_name} in the project's folder"
        raise BuilderSettingsError(f"{place}: {expected}, found none; correct the module's name")
    try:
        module = _import(module_name, file, root)
    except ImportError as error:
        missing = f"the builder {function} cannot be imported: {error}"
        raise UnknownModelError(missing, "install what it needs, or correct its imports") from error
    found = getattr(module, name, None)
    if not callable(found):
        kind = f"a value of type {type(found).__name__}" if hasattr(module, name) else "none"
        expected = f"expected a function {name} in the module {module_name}"
        raise BuilderSettingsError(f"{place}: {expected}, found {kind}; correct the function's name")
    return cast("Callable[[str], Any]", found)


def _file_below(root: Path, module_name: str) -> Path | None:
    """The file of a module in the folder `root`; None if there is none, or if a link leads out of the folder."""
    folders: list[str] = [str(root)]
    file = None
    for part in module_name.split("."):
        spec = PathFinder.find_spec(part, folders)
        if spec is None:
            return None
        file = Path(spec.origin) if spec.origin else None  # a folder without __init__.py has no file
        folders = list(spec.submodule_search_locations or ())
        places = [*map(Path, folders), *filter(None, [file])]
        if not all(_is_below(place, root) for place in places):
            return None
    return file


def _is_below(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _import(module_name: str, file: Path, root: Path) -> ModuleType:
    """The module of the project whose file this is.

    The project is last on Python's path, so that no file of it hides an installed module. A module that is itself
    hidden by an installed one of the same name is imported under another name.
    """
    if str(root) not in sys.path:
        sys.path.append(str(root))
    try:
        found = importlib.util.find_spec(module_name)
    except ModuleNotFoundError as error:
        # The installed module of the first name contains no such module; other imports that fail are the builder's.
        if not f"{module_name}.".startswith(f"{error.name}."):
            raise
        found = None
    except ValueError:  # `__main__` and the like
        found = None
    if found and found.origin and _is_same_file(found.origin, file):
        return importlib.import_module(module_name)
    sys.modules.setdefault(_HIDDEN, ModuleType(_HIDDEN)).__path__ = [str(root)]
    return importlib.import_module(f"{_HIDDEN}.{module_name}")


def _is_same_file(one: str, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
