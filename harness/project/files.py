"""The files of a project by their names: as they lie on disk, or as they were at a commit."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.system.git import blob, files_at

# Folders that hold what others wrote.
_LEFT_OUT = {"node_modules", "__pycache__", "site-packages", "venv", "env"}
MOST_LISTED = 100_000


def is_left_out(folder: str) -> bool:
    """Whether nobody looks for pages in a folder of this name: hidden ones, and those of packages."""
    return folder.startswith(".") or folder in _LEFT_OUT


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files below a folder, whose names begin with what the folder is `called`: nothing for the project's root.

    `edited` holds other bytes for some of them, by name.
    """

    folder: Path
    called: str = ""
    edited: Mapping[str, bytes] = field(default_factory=dict)

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None where there is none. Raises OSError, also where a link leads out of the folder."""
        if name in self.edited:
            return self.edited[name]
        path = self._path(name)
        if path is None or not path.is_file():
            return None
        if not self._is_inside(path):
            raise PermissionError(None, "a link that leads out of the project")
        return path.read_bytes()

    def listed(self, folder: str, *, deep: bool) -> Sequence[str]:
        """The names of the files in a folder, or below it; hidden files, and what links lead to, are left out."""
        start = self._path(folder)
        if start is None or not start.is_dir() or not self._is_inside(start):
            return ()
        names: list[str] = []
        for path in _below(start, deep=deep):
            names.append(self._name(path))
            if len(names) > MOST_LISTED:
                raise OSError(None, f"more than {MOST_LISTED} files below it")
        return sorted(names)

    def _is_inside(self, path: Path) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.folder))

    def _path(self, name: str) -> Path | None:
        if not self.called:
            return self.folder / name
        below = name.removeprefix(self.called).removeprefix("/")
        return self.folder / below if name in {self.called, f"{self.called}/{below}"} else None

    def _name(self, path: str) -> str:
        below = os.path.relpath(path, self.folder).replace(os.sep, "/")
        return f"{self.called}/{below}" if self.called else below


def _below(folder: Path, *, deep: bool) -> Iterator[str]:
    """The files of a folder, or below it, by their paths."""
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_left_out(name)] if deep else []
        yield from (f"{here}/{name}" for name in names if not name.startswith("."))


@dataclass(frozen=True, slots=True)
class CommitFiles:
    """The same at a commit of the repository with its root at `top`; `folder` is a path from there."""

    top: Path
    commit: str
    folder: str
    called: str = ""

    def read(self, name: str) -> bytes | None:
        """The bytes of a file at the commit; None where there was none."""
        path = self._path(name)
        return None if path is None else blob(self.top, self.commit, path)

    def listed(self, folder: str, *, deep: bool) -> Sequence[str]:
        """The names of the files in a folder, or below it; hidden ones are left out."""
        path = self._path(folder)
        found = () if path is None else files_at(self.top, self.commit, path, deep=deep)
        names = ((one.removeprefix(self.folder).removeprefix("/"), one) for one in found)
        return [
            f"{self.called}/{below}" if self.called else below
            for below, one in names
            if not _is_hidden(one.removeprefix(path or "").removeprefix("/"))
        ]

    def _path(self, name: str) -> str | None:
        below = name.removeprefix(self.called).removeprefix("/") if self.called else name
        if self.called and name not in {self.called, f"{self.called}/{below}"}:
            return None
        return "/".join(part for part in (self.folder, below) if part)


def _is_hidden(path: str) -> bool:
    *folders, name = path.split("/")
    return name.startswith(".") or any(map(is_left_out, folders))
