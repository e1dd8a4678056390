"""Source files of a git repository at a commit."""

from pathlib import Path

from harness.system.git import RepositoryError, blob, has_commit, is_shallow
from harness.verdict import NotHereError

_MOST_BYTES = 16 * 1024 * 1024
_COMPLETE = "--source DIR with a complete clone"


class NotInRepositoryError(Exception):
    """The repository lacks the commit, or the file at that commit; the message names it."""


def lines_at(repository: Path, commit: str, path: str) -> tuple[str, ...]:
    """The lines of the file `path` at `commit`. Raises NotInRepositoryError.

    Raises NotHereError if the clone is incomplete or the file has more than 16 MiB, and OSError if git cannot run.
    """
    if not has_commit(repository, commit):
        if is_shallow(repository):
            raise NotHereError(f"commit {commit} is not in the repository, which is a shallow clone", _COMPLETE)
        raise NotInRepositoryError(f"commit {commit}")
    try:
        content = blob(repository, commit, path, _MOST_BYTES)
    except RepositoryError:
        raise NotHereError(f"the repository lacks the content of {path} at commit {commit}", _COMPLETE) from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise NotHereError(f"the path {path} is {error.strerror}", "link to the file that defines the model") from None
    if content is None:
        raise NotInRepositoryError(f"file {path} at commit {commit}")
    return tuple(content.decode("utf-8", "replace").split("\n"))
