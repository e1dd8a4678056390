"""The user's cache and data folders, and whether what they hold can be believed.

A commit can bring any file, so files inside a checkout may be forged. Then the run goes on without them.
"""

import os
import stat
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_NAME = "model-card-harness"

# Folders with files to verify, besides the working folder.
_verified_folders: set[str] = set()


def keep_cache_outside(places: Iterable[Path]) -> None:
    """From now on, refuse a cache in the checkouts of these files and folders, some of which may not exist."""
    for place in places:
        for path in (os.path.abspath(place), os.path.realpath(place)):  # noqa: PTH100
            above = map(str, (Path(path), *Path(path).parents))
            _verified_folders.add(next(filter(os.path.isdir, above)))


def cache_home() -> Path:
    """The user's cache folder for the harness: below XDG_CACHE_HOME, or ~/.cache.

    If it is refused, a path where nothing can be read or written.
    """
    return Path(os.devnull, _NAME) if cache_problem() else _chosen_folder()


def cache_problem() -> str | None:
    """Why the cache folder is refused, and the fix; None if it is used."""
    folder = _chosen_folder()
    problem = _problem(str(folder), "XDG_CACHE_HOME", _all_verified_folders())
    return problem and f"The cache {folder} is not used: {problem}."


def data_home() -> Path:
    """The user's data folder for the harness: below XDG_DATA_HOME, or ~/.local/share."""
    return _below("XDG_DATA_HOME", "~/.local/share")


def data_problem() -> str | None:
    """Why nothing in the data folder can be believed, and the fix; None if it can."""
    return _problem(str(data_home()), "XDG_DATA_HOME", _all_verified_folders())


def checkout_around(path: Path) -> str | None:
    """The checkout with files to verify that contains the path, or what it links to; None if none does."""
    return _checkout_around(str(path), _all_verified_folders())


def _chosen_folder() -> Path:
    return _below("XDG_CACHE_HOME", "~/.cache")


def _below(variable: str, default: str) -> Path:
    home = os.environ.get(variable, "")
    # The XDG Base Directory Specification says that relative values are ignored.
    home = home if home.startswith("/") else os.path.expanduser(default)  # noqa: PTH111 - never raises
    return Path(home) / _NAME


def _all_verified_folders() -> frozenset[str]:
    try:
        return frozenset((*_verified_folders, os.getcwd()))  # noqa: PTH109
    except OSError:
        return frozenset(_verified_folders)


@cache
def _problem(folder: str, variable: str, verified: frozenset[str]) -> str | None:
    checkout = _checkout_around(folder, verified)
    if checkout:
        return f"a commit to {checkout} could forge its results; set {variable} to a folder outside of it"
    if not folder.startswith("/"):
        return f"expected a home folder, got none; set {variable} to a folder"
    try:
        Path(folder).mkdir(0o700, parents=True, exist_ok=True)
        status = Path(folder).stat()
    except OSError:
        return None  # Each access reports it, or does without.
    if hasattr(os, "geteuid") and (status.st_uid not in {0, os.geteuid()} or status.st_mode & stat.S_IWOTH):
        return (
            f"expected a folder that only you can write to, got owner {status.st_uid} and mode "
            f"{stat.S_IMODE(status.st_mode):o}; correct them, or set {variable} to another folder"
        )
    return None


@cache
def _checkout_around(path: str, verified: frozenset[str]) -> str | None:
    real = os.path.realpath(path)
    above = (real, *map(str, Path(real).parents), *map(str, Path(os.path.abspath(path)).parents))  # noqa: PTH100
    checkouts = sorted(filter(None, map(_checkout_of, verified)))
    return next((checkout for checkout in checkouts for folder in above if _is_same(checkout, folder)), None)


def _is_same(path: str, other: str) -> bool:
    # Not by name: some file systems ignore case.
    try:
        return os.path.samefile(path, other)  # noqa: PTH121
    except OSError:
        return False


def _checkout_of(folder: str) -> str | None:
    """The top of the git checkout that contains a folder; without one, the folder, unless it contains the user's home.

    The home is that of the user database, which no setting of a workflow moves into a checkout.
    """
    start = Path(os.path.realpath(folder))
    top = None
    for above in (start, *start.parents):
        if os.path.exists(above / ".git"):  # noqa: PTH110 - never raises
            top = above
            # `.git` is a file in a submodule, which another checkout contains.
            if os.path.isdir(above / ".git"):  # noqa: PTH112
                break
    return str(top or start) if top or not _contains_home(start) else None


def _contains_home(folder: Path) -> bool:
    try:
        import pwd

        return Path(os.path.realpath(pwd.getpwuid(os.getuid()).pw_dir)).is_relative_to(folder)
    except (ImportError, KeyError):
        return False
