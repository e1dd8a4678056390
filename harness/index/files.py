"""The files that an index may read, by name: those of a folder on disk or of a commit."""

import hashlib
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Protocol

Question = tuple[str, str]


class Files(Protocol):
    """Files by name. Names are paths from the project's root, with slashes, as verdicts show them."""

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None if it does not exist. Raises OSError if it cannot be read."""

    def listed(self, folder: str, *, deep: bool) -> Sequence[str]:
        """The names of the files in a folder ('' is the root); with `deep`, also in its subfolders."""


@dataclass(frozen=True, slots=True)
class NoFiles:
    """No files: for a page on its own."""

    def read(self, name: str) -> bytes | None:  # noqa: ARG002 - there are no files
        """None."""
        return None

    def listed(self, folder: str, *, deep: bool) -> Sequence[str]:  # noqa: ARG002
        """No names."""
        return ()


@dataclass(frozen=True, slots=True)
class Consulted:
    """Files that record a digest of every answer, so that a later change can be detected."""

    files: Files
    answers: dict[Question, str] = field(default_factory=dict)

    def read(self, name: str) -> bytes | None:
        """The bytes of a file of `files`, recorded."""
        data = self.files.read(name)
        self.answers["read", name] = _digest(data)
        return data

    def listed(self, folder: str, *, deep: bool) -> Sequence[str]:
        """The names in a folder of `files`, recorded."""
        names = self.files.listed(folder, deep=deep)
        self.answers["below" if deep else "in", folder] = _digest("\0".join(names).encode(errors="surrogateescape"))
        return names


def same_answers(files: Files, answers: Mapping[Question, str]) -> bool:
    """Whether the files give the same answer to every recorded question."""
    current = Consulted(files)
    try:
        for question, name in answers:
            if question == "read":
                current.read(name)
            else:
                current.listed(name, deep=question == "below")
    except OSError:
        return False
    return current.answers == answers


def beside(name: str, path: str) -> str | None:
    """The name of the file at `path`, relative to the file called `name`; None if it is outside the root."""
    folder = posixpath.dirname(name)
    target = posixpath.normpath(posixpath.join(folder, path))
    # The root of a page outside the project is its own folder.
    inside = target.startswith(f"{folder}/") if folder.startswith(("/", "..")) else not target.startswith(("/", ".."))
    return target if inside else None


def is_hidden(name: str) -> bool:
    """Whether a file is hidden, as temporary files of editors are: runs and `verify changed` ignore such files."""
    return posixpath.basename(name).startswith(".")


def is_pattern(path: str) -> bool:
    """Whether a path contains wildcards."""
    return any(character in path for character in "*?[")


def matching(files: Files, pattern: str) -> list[str]:
    """The names that match a pattern, sorted. `*` and `?` match within one folder, `**` any number of folders."""
    parts = pattern.split("/")
    fixed = next(number for number, part in enumerate(parts) if is_pattern(part))
    deep = "**" in parts or len(parts) - fixed > 1
    return sorted(name for name in files.listed("/".join(parts[:fixed]), deep=deep) if _fits(name.split("/"), parts))


def _fits(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path matches. `reached` holds the positions in the pattern after every possible match so far."""
    reached = _skipping(pattern, {0})
    for part in path:
        stay = {at for at in reached if at < len(pattern) and pattern[at] == "**"}
        step = {at + 1 for at in reached - stay if at < len(pattern) and fnmatchcase(part, pattern[at])}
        reached = _skipping(pattern, stay | step)
    return len(pattern) in reached


def _skipping(pattern: Sequence[str], reached: set[int]) -> set[int]:
    """The reached positions, including those after a `**` that matches no folder."""
    for at, part in enumerate(pattern):
        if at in reached and part == "**":
            reached = reached | {at + 1}
    return reached


def _digest(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()
