"""Source files of a git repository at a commit."""

from pathlib import Path

from harness.system.git import RepositoryError, blob, has_commit


class NotInRepositoryError(Exception):
    """The repository lacks the commit, or the file at that commit; the message names it."""


def lines_at(repository: Path, commit: str, path: str) -> tuple[str, ...]:
    """The lines of the file `path` at `commit`. Raises NotInRepositoryError, or OSError if git cannot run."""
    if not has_commit(repository, commit):
        raise NotInRepositoryError(f"commit {commit}")
    try:
        content = blob(repository, commit, path)
    except RepositoryError:
        content = None
    if content is None:
        raise NotInRepositoryError(f"file {path} at commit {commit}")
    return tuple(content.decode("utf-8", "replace").split("\n"))
