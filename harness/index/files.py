"""The files that an index may draw on, as it sees them: by name, at one state, on disk or in a commit."""

import hashlib
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Protocol

Question = tuple[str, str]


class Files(Protocol):
    """Files by their names, which are those that verdicts show: paths from the project's root, with slashes."""

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None where there is none. Raises OSError where it is not to be read."""

    def listed(self, folder: str, *, deep: bool) -> Sequence[str]:
        """The names of the files in a folder (empty for the root), or below it; none where there is no folder."""


@dataclass(frozen=True, slots=True)
class NoFiles:
    """Where there are none: for a page that stands alone."""

    def read(self, name: str) -> bytes | None:  # noqa: ARG002 - nothing is there
        """None."""
        return None

    def listed(self, folder: str, *, deep: bool) -> Sequence[str]:  # noqa: ARG002
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Consulted:
    """Files that keep a digest of every answer they gave, so that it can be told later whether one is another."""

    files: Files
    answers: dict[Question, str] = field(default_factory=dict)

    def read(self, name: str) -> bytes | None:
        """As of the files behind."""
        data = self.files.read(name)
        self.answers["read", name] = _digest(data)
        return data

    def listed(self, folder: str, *, deep: bool) -> Sequence[str]:
        """As of the files behind."""
        names = self.files.listed(folder, deep=deep)
        self.answers["below" if deep else "in", folder] = _digest("\0".join(names).encode())
        return names


def same_answers(files: Files, answers: Mapping[Question, str]) -> bool:
    """Whether the files still answer each question as they did."""
    now = Consulted(files)
    try:
        for how, name in answers:
            if how == "read":
                now.read(name)
            else:
                now.listed(name, deep=how == "below")
    except OSError:
        return False
    return now.answers == answers


def beside(name: str, path: str) -> str | None:
    """The name of the file that `path` leads to from the file called `name`; None where it leads out of the root."""
    folder = posixpath.dirname(name)
    found = posixpath.normpath(posixpath.join(folder, path))
    # A page outside the project is its own root: it reaches what lies below its folder.
    inside = found.startswith(f"{folder}/") if folder.startswith(("/", "..")) else not found.startswith(("/", ".."))
    return found if inside else None


def is_pattern(path: str) -> bool:
    """Whether a path has wildcards."""
    return any(character in path for character in "*?[")


def matching(files: Files, pattern: str) -> list[str]:
    """The names that a pattern matches, in order: `*` and `?` stay in one folder, `**` is any number of them."""
    parts = pattern.split("/")
    fixed = next(number for number, part in enumerate(parts) if is_pattern(part))
    deep = "**" in parts or len(parts) - fixed > 1
    return sorted(name for name in files.listed("/".join(parts[:fixed]), deep=deep) if _fits(name.split("/"), parts))


def _fits(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path matches; `reached` holds how far into the pattern each way of reading the path so far has come."""
    reached = _skipping(pattern, {0})
    for part in path:
        stay = {at for at in reached if at < len(pattern) and pattern[at] == "**"}
        step = {at + 1 for at in reached - stay if at < len(pattern) and fnmatchcase(part, pattern[at])}
        reached = _skipping(pattern, stay | step)
    return len(pattern) in reached


def _skipping(pattern: Sequence[str], reached: set[int]) -> set[int]:
    """The places in a pattern that are reached, also where `**` stands for no folder at all."""
    for at, part in enumerate(pattern):
        if at in reached and part == "**":
            reached = reached | {at + 1}
    return reached


def _digest(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()
