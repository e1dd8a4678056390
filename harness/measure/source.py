"""The lines of a source file of a repository, at a commit."""

from pathlib import Path

from harness.system.git import RepositoryError, blob, has_commit


class NotInRepositoryError(Exception):
    """The commit, or the file at it, is not in the repository; the message says which."""


def lines_at(repository: Path, commit: str, path: str) -> tuple[str, ...]:
    """The lines of `path` at `commit`. Raises NotInRepositoryError, or OSError where git cannot be run."""
    if not has_commit(repository, commit):
        raise NotInRepositoryError(f"commit {commit}")
    try:
        found = blob(repository, commit, path)
    except RepositoryError:
        found = None
    if found is None:
        raise NotInRepositoryError(f"file {path} at commit {commit}")
    return tuple(found.decode("utf-8", "replace").split("\n"))
