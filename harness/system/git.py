"""Git repositories, read from their object store; nothing is checked out or fetched.

Whatever a checkout contains, no program runs but git itself: no hook, file monitor, filter, pager or transport, and
nothing in a submodule. The repository of a folder is the one whose `.git` is there or above: a pull request can add the
files of a bare repository anywhere, but no `.git`.
"""

import os
import re
import subprocess
from pathlib import Path

from harness.errors import UserError

_SETTINGS = (
    "--no-pager",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "safe.bareRepository=explicit"),
)
_ENVIRONMENT = {
    "GIT_LITERAL_PATHSPECS": "1",  # a path such as `:(top)` is a name, no pattern
    "GIT_NO_REPLACE_OBJECTS": "1",  # the content of a commit is what its hash names
    "GIT_ALLOW_PROTOCOL": "none",  # no such protocol: older versions of git ignore GIT_NO_LAZY_FETCH
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
# Git would run itself in submodules, with the settings there.
_NO_PROGRAMS = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")


class RepositoryError(UserError):
    """A repository, commit or object is missing; the message says which, and the fix."""


def is_repository(folder: Path) -> bool:
    """Whether `folder` is in a git checkout or is a bare repository; False if git is not installed."""
    try:
        return folder.is_dir() and not _git(folder, "rev-parse", "--git-dir").returncode
    except FileNotFoundError:
        return False


def top_folder(folder: Path) -> Path:
    """The root of the checkout that contains `folder`. Raises RepositoryError if there is none."""
    try:
        result = _run("-C", str(_checkout(folder)), "rev-parse", "--show-toplevel")
    except FileNotFoundError:
        raise RepositoryError("expected git on the PATH, found none; install it") from None
    top = os.fsdecode(result.stdout).removesuffix("\n")
    if result.returncode or not top:
        reason = os.fsdecode(result.stderr).strip().partition("\n")[0] or "a bare repository"
        raise RepositoryError(f"this command needs a git checkout, but {folder} is not in one ({reason})")
    return Path(os.path.realpath(top))


def below_top(folder: Path) -> str:
    """`folder` relative to the root of its checkout, with a trailing slash; empty for the root itself.

    Raises RepositoryError if there is no checkout.
    """
    below = Path(os.path.realpath(folder)).relative_to(top_folder(folder)).as_posix()
    return "" if below == "." else f"{below}/"


def has_commit(repository: Path, commit: str) -> bool:
    """Whether the repository holds the commit."""
    return not _git(repository, "cat-file", "-e", f"{commit}^{{commit}}").returncode


def commit_of(repository: Path, reference: str) -> str:
    """The full hash of the commit that a branch, tag or expression such as `HEAD~1` names. Raises RepositoryError."""
    fix = "name a branch, a tag or a commit, as `git log` shows them"
    if reference and not reference.startswith("-"):
        result = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
        commit = os.fsdecode(result.stdout).strip()
        if not result.returncode and re.fullmatch(r"[0-9a-f]{40,64}", commit):
            return commit
        if is_shallow(repository):
            fix = "this clone is shallow: fetch the base first (git fetch --unshallow; in a workflow, fetch-depth: 0)"
    raise RepositoryError(f"expected a commit as base, got {reference!r}, which is not in this repository; {fix}")


def blob(repository: Path, commit: str, path: str, most_bytes: int) -> bytes | None:
    """The bytes of a file at a commit, by its path from the repository's root; None if there is no such file.

    Raises OSError for more than `most_bytes`, before anything is read, and RepositoryError if the file's object is
    missing, as in a partial clone.
    """
    entry = _file_entry(repository, commit, path)
    if entry is None:
        return None
    name, size = entry
    if size.isdecimal() and int(size) > most_bytes:
        raise OSError(None, f"a file of more than {most_bytes} bytes")
    content = _git(repository, "cat-file", "blob", name)
    if content.returncode:
        fix = "fetch the whole repository, or repair it (git fsck)"
        raise RepositoryError(f"expected {path} at {commit}, but this repository lacks the object; {fix}")
    return content.stdout


def has_file(repository: Path, commit: str, path: str) -> bool:
    """Whether there is a file, and no folder, of this path from the repository's root at a commit."""
    return _file_entry(repository, commit, path) is not None


def _file_entry(repository: Path, commit: str, path: str) -> tuple[str, str] | None:
    """The object of a file at a commit, and its size, which is no number if the object is missing."""
    if not path:
        return None  # the root
    properties, _, found = _list_tree(repository, commit, path, "--long")[0].partition("\t")
    _, kind, name, size = properties.split() if found == path else ("", "", "", "")
    return (name, size) if kind == "blob" else None


def is_shallow(repository: Path) -> bool:
    """Whether the repository lacks the older commits."""
    return _git(repository, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"


def files_at(repository: Path, commit: str, folder: str, *, deep: bool) -> list[str]:
    """The paths of a folder's files at a commit (`deep`: with subfolders); empty if there is no such folder."""
    options = ["-r"] if deep else []
    entries = (entry.partition("\t") for entry in _list_tree(repository, commit, folder and f"{folder}/", *options))
    return sorted(path for mode_and_type, _, path in entries if " blob " in mode_and_type)


def _list_tree(repository: Path, commit: str, path: str, *options: str) -> list[str]:
    paths = [path] if path else []
    listed = _git(repository, "ls-tree", "-z", "--full-tree", *options, "--end-of-options", commit, *paths)
    return os.fsdecode(listed.stdout).split("\0")


def changed_files(top: Path, commit: str) -> set[str]:
    """The files, relative to the root of the checkout, that differ from a commit or are new.

    Raises RepositoryError if git cannot list them.
    """
    changed = set()
    for arguments in (
        (*_without_filters(top), "diff", "--name-only", "-z", "--no-renames", *_NO_PROGRAMS, commit),
        ("ls-files", "--others", "--exclude-standard", "-z"),
    ):
        result = _git(top, *arguments)
        if result.returncode:
            reason = os.fsdecode(result.stderr).strip()
            raise RepositoryError(f"{top}: expected git to list the changes since {commit}, got: {reason}")
        changed |= set(filter(None, os.fsdecode(result.stdout).split("\0")))
    return changed


def _without_filters(repository: Path) -> list[str]:
    """Options that turn off all filters, which are programs that .gitattributes selects from those in the settings."""
    names = _git(repository, "config", "--name-only", "-z", "--get-regexp", r"^filter\..").stdout
    filters = {os.fsdecode(name).rpartition(".")[0] for name in names.split(b"\0") if name}
    off = ("clean=", "smudge=", "process=", "required=false")
    return [option for name in sorted(filters) for value in off for option in ("-c", f"{name}.{value}")]


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in a checkout, or in a bare repository if the folder itself is one."""
    if (repository / "HEAD").is_file() and (repository / "objects").is_dir() and not (repository / ".git").exists():
        return _run(f"--git-dir={repository}", *arguments)
    return _run("-C", str(_checkout(repository)), *arguments)


def _checkout(folder: Path) -> Path:
    """The nearest folder that has a `.git`, here or above; `folder` if there is none."""
    real = Path(os.path.realpath(folder))
    return next((parent for parent in (real, *real.parents) if (parent / ".git").exists()), real)


def _run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    # A git hook sets GIT_DIR and other variables that point to its own repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", *_SETTINGS, *arguments]
    return subprocess.run(command, capture_output=True, check=False, env=environment | _ENVIRONMENT, timeout=60)
