"""Files of a git repository at a commit, read from its objects; nothing is checked out, fetched or run."""

import os
import subprocess
from pathlib import Path


class NotInRepositoryError(Exception):
    """The commit, or the file at it, is not in the repository; the message says which."""


def lines_at(repository: Path, commit: str, path: str) -> tuple[str, ...]:
    """The lines of `path` at `commit`. Raises NotInRepositoryError, or OSError where git cannot be run."""
    if not has_commit(repository, commit):
        raise NotInRepositoryError(f"commit {commit}")
    blob = _git(repository, "cat-file", "blob", f"{commit}:{path}")
    if blob.returncode:
        raise NotInRepositoryError(f"file {path} at commit {commit}")
    return tuple(blob.stdout.decode("utf-8", "replace").split("\n"))


def has_commit(repository: Path, commit: str) -> bool:
    """Whether the repository holds the commit."""
    return not _git(repository, "cat-file", "-e", f"{commit}^{{commit}}").returncode


def is_repository(folder: Path) -> bool:
    """Whether `folder` is a git checkout or a bare repository; False where git is not installed."""
    try:
        return folder.is_dir() and not _git(folder, "rev-parse", "--git-dir").returncode
    except FileNotFoundError:
        return False


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # A git hook sets GIT_DIR and others, which would lead to its own repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, check=False, env=environment, timeout=60)
