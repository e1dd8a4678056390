"""Git repositories, read from their objects; nothing is checked out or fetched."""

import os
import re
import subprocess
from pathlib import Path

from harness.errors import UserError


class RepositoryError(UserError):
    """What is asked for is not in the repository, or there is none; the message says which, and the mend."""


def is_repository(folder: Path) -> bool:
    """Whether `folder` is a git checkout or a bare repository; False where git is not installed."""
    try:
        return folder.is_dir() and not _git(folder, "rev-parse", "--git-dir").returncode
    except FileNotFoundError:
        return False


def top_folder(folder: Path) -> Path:
    """The root of the checkout that `folder` lies in. Raises RepositoryError where there is none."""
    try:
        found = _git(folder, "rev-parse", "--show-toplevel")
    except FileNotFoundError:
        raise RepositoryError("expected git, got no program of that name; install it") from None
    top = os.fsdecode(found.stdout).removesuffix("\n")
    if found.returncode or not top:
        told = os.fsdecode(found.stderr).strip().partition("\n")[0] or "a bare repository"
        raise RepositoryError(f"{folder}: expected a folder in a git checkout, got: {told}")
    return Path(os.path.realpath(top))


def below_top(folder: Path) -> str:
    """`folder` as a path from the root of its checkout, with a slash behind it; empty for the root itself.

    Raises RepositoryError where there is no checkout.
    """
    below = Path(os.path.realpath(folder)).relative_to(top_folder(folder)).as_posix()
    return "" if below == "." else f"{below}/"


def has_commit(repository: Path, commit: str) -> bool:
    """Whether the repository holds the commit."""
    return not _git(repository, "cat-file", "-e", f"{commit}^{{commit}}").returncode


def commit_of(repository: Path, reference: str) -> str:
    """The full name of the commit that a branch, tag or expression such as `HEAD~1` means. Raises RepositoryError."""
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    found = _git(repository, *asked) if not reference.startswith("-") else None
    commit = os.fsdecode(found.stdout).strip() if found and not found.returncode else ""
    if re.fullmatch(r"[0-9a-f]{40,64}", commit):
        return commit
    mend = "name a branch, a tag or a commit, as `git log` shows them"
    named = reference and not reference.startswith("-")
    if named and _git(repository, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        mend = "this clone is shallow: fetch the base first (git fetch --unshallow; in a workflow, fetch-depth: 0)"
    raise RepositoryError(f"expected a commit as base, got {reference!r}, which this repository does not have; {mend}")


def blob(repository: Path, commit: str, path: str) -> bytes | None:
    """The bytes of the file at `path`, from the repository's root, at a commit; None where there is none.

    Raises RepositoryError where there is one, but the repository does not have it, as a partial clone may not.
    """
    named = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}:{path}")
    if named.returncode:
        return None
    found = _git(repository, "cat-file", "blob", os.fsdecode(named.stdout).strip())
    if found.returncode:
        mend = "fetch the whole repository, or repair it (git fsck)"
        raise RepositoryError(f"expected {path} at {commit}, got an object that the repository lacks; {mend}")
    return found.stdout


def files_at(repository: Path, commit: str, folder: str, *, deep: bool) -> list[str]:
    """The paths of the files in a folder at a commit, or below it; none where there is no such folder."""
    below = [f"{folder}/"] if folder else []
    found = _git(repository, "ls-tree", "-z", "--full-tree", *(["-r"] if deep else []), commit, *below)
    entries = (entry.partition("\t") for entry in os.fsdecode(found.stdout).split("\0"))
    return sorted(path for about, _, path in entries if " blob " in about)


def changed_files(top: Path, commit: str) -> set[str]:
    """The files, from the root of the checkout, that are other than they were at a commit, or new.

    Raises RepositoryError where git cannot tell.
    """
    found = set()
    for asked in (
        ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", commit),
        ("ls-files", "--others", "--exclude-standard", "-z"),
    ):
        listed = _git(top, *asked)
        if listed.returncode:
            told = os.fsdecode(listed.stderr).strip()
            raise RepositoryError(f"{top}: expected git to list what changed since {commit}, got: {told}")
        found |= set(filter(None, os.fsdecode(listed.stdout).split("\0")))
    return found


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # A git hook sets GIT_DIR and others, which would lead to its own repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, check=False, env=environment, timeout=60)
