"""A project's own builders: functions that verify.toml names under [builders]."""

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from functools import cache
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    PathFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from harness.errors import UserError
from harness.zoo.network import Network, UnknownModelError, build_on_meta
from harness.zoo.storage import StorageLimitError

if TYPE_CHECKING:
    from torch import nn

# A package that holds modules of the project that installed modules of the same name hide.
_HIDDEN = "_modules_of_the_project"


class _SourceLoader(SourceFileLoader):
    """Compiles the source of a module: bytecode in `__pycache__` may come from a commit, and need not match it."""

    def get_code(self, fullname: str) -> CodeType:
        """The compiled source."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class BuilderError(Exception):
    """A project's builder raised an exception, or returned no network; the message names both."""


class BuilderSettingsError(UserError):
    """verify.toml names a builder that does not exist."""


def build(model: str, pattern: str, function: str, root: Path) -> Network:
    """The network that a project's builder returns for a model name.

    `pattern` and `function` are the line of verify.toml: the function is named as `module:function`. The module's file
    must be in the folder `root`. The caller makes sure that somebody trusts the project.

    Raises BuilderSettingsError if there is no such function, UnknownModelError if it cannot be imported or its result
    cannot be traced, and BuilderError if it raises or returns no module.
    """
    try:
        builder = _load(pattern, function, root)

        def make() -> "nn.Module":
            module = builder(model)
            returned = f"the builder {function} returned {type(module).__name__} for {model}"
            if not _is_module(module):
                raise BuilderError(f"{returned}, which is not a torch.nn.Module")
            if problem := _problem(module):
                fix = "return the network from the function that verify.toml names"
                raise UnknownModelError(f"{returned}, {problem}", fix)
            return cast("nn.Module", module)

        return Network(build_on_meta(make), builder=function, make=make)
    except (BuilderError, UserError, UnknownModelError, StorageLimitError):
        raise
    # A module that is a script may end the process when it is imported.
    except (Exception, SystemExit) as error:
        raised = traceback.format_exception_only(error)[-1].strip()
        raise BuilderError(f"the builder {function} raised {raised}") from error


def _is_module(found: object) -> bool:
    import torch

    return isinstance(found, torch.nn.Module)


def _problem(module: Any) -> str | None:
    """Why a module cannot be traced."""
    import torch
    from torch.nn.parameter import is_lazy

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
    _import_from_source(root)
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


@cache
def _import_from_source(root: Path) -> None:
    """Import the modules in a folder from their source from now on."""

    def finder(folder: str) -> FileFinder:
        if not (os.path.isdir(folder) and _is_below(Path(folder), root)):  # noqa: PTH112
            raise ImportError(f"{folder} is elsewhere")
        loaders = (
            (ExtensionFileLoader, EXTENSION_SUFFIXES),
            (_SourceLoader, SOURCE_SUFFIXES),
            (SourcelessFileLoader, BYTECODE_SUFFIXES),
        )
        return FileFinder(folder, *loaders)

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()


def _is_same_file(one: str, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
