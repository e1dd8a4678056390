"""The files of a project by name, in a folder or at a commit."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.system.files import leads_inside, read_file
from harness.system.git import blob, files_at

# Folders of installed packages.
_IGNORED_FOLDERS = {"node_modules", "__pycache__", "site-packages", "venv", "env"}
_MOST_FILES = 100_000
_MOST_LINKS = 40  # as in Linux
_MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files of a folder. Their names begin with `prefix`, which is empty for the project's root.

    `edited` holds bytes that replace those on disk, by name.
    """

    folder: Path
    prefix: str = ""
    edited: Mapping[str, bytes] = field(default_factory=dict)

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None if there is none.

        Raises OSError, also for a link that leads out of the folder, a pipe or device, and more than 16 MiB.
        """
        if name in self.edited:
            return self.edited[name]
        path = self._path(name)
        if path is None or not path.exists() or path.is_dir():
            return None
        return read_file(path, _MOST_BYTES, self.folder)

    def listed(self, folder: str, *, deep: bool) -> Sequence[str]:
        """The names of a folder's files (`deep`: with subfolders), without hidden files and linked folders.

        Raises OSError for more than 100 000 files.
        """
        start = self._path(folder)
        if start is None or not start.is_dir() or not leads_inside(start, self.folder):
            return ()
        names: list[str] = []
        for path in _walk(start, deep=deep):
            names.append(_join(self.prefix, os.path.relpath(path, self.folder).replace(os.sep, "/")))
            if len(names) > _MOST_FILES:
                raise OSError(None, f"more than {_MOST_FILES} files")
        return sorted(names)

    def _path(self, name: str) -> Path | None:
        relative = _relative(name, self.prefix)
        return None if relative is None else self.folder / relative


@dataclass(frozen=True, slots=True)
class CommitFiles:
    """The files of a folder at a commit; `folder` is relative to the root of the checkout, `top`."""

    top: Path
    commit: str
    folder: str
    prefix: str = ""

    def read(self, name: str) -> bytes | None:
        """The bytes of a file at the commit; None if there was none. Raises OSError for more than 16 MiB."""
        path = self._path(name)
        return None if path is None else blob(self.top, self.commit, path, _MOST_BYTES)

    def listed(self, folder: str, *, deep: bool) -> Sequence[str]:
        """The names of a folder's files (`deep`: with subfolders), without hidden files."""
        start = self._path(folder)
        paths = () if start is None else files_at(self.top, self.commit, start, deep=deep)
        return [
            _join(self.prefix, path.removeprefix(self.folder).removeprefix("/"))
            for path in paths
            if not _is_ignored(path.removeprefix(start or "").removeprefix("/"))
        ]

    def _path(self, name: str) -> str | None:
        relative = _relative(name, self.prefix)
        return None if relative is None else _join(self.folder, relative)


def _relative(name: str, prefix: str) -> str | None:
    """The name without the prefix; None if it does not begin with it."""
    relative = name.removeprefix(prefix).removeprefix("/") if prefix else name
    return relative if name in {prefix, _join(prefix, relative)} else None


def _join(folder: str, name: str) -> str:
    return "/".join(filter(None, (folder, name)))


def _walk(folder: Path, *, deep: bool) -> Iterator[str]:
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _is_ignored_folder(name)] if deep else []
        yield from (f"{path}/{name}" for name in names if not name.startswith("."))


def _is_ignored(path: str) -> bool:
    *folders, name = path.split("/")
    return name.startswith(".") or any(map(_is_ignored_folder, folders))


def _is_ignored_folder(name: str) -> bool:
    return name.startswith(".") or name in _IGNORED_FOLDERS


def steps_to(path: Path) -> list[Path]:
    """Every link on the way to a file or folder, then the file itself, each without links in its own path."""
    links: list[Path] = []
    here, parts = Path("/"), list(reversed(Path(os.path.abspath(path)).parts))  # noqa: PTH100
    while parts:
        part = parts.pop()
        step = here.parent if part == ".." else here / part
        try:
            target = os.readlink(step) if len(links) < _MOST_LINKS else None  # noqa: PTH115 - for many files
        except OSError:
            target = None  # not a link
        if target is None:
            here = step
        else:
            links.append(step)
            parts += reversed(Path(target).parts)
    return [*links, here]


def links_below(folder: Path, *, hidden: bool = False) -> Iterator[Path]:
    """The links in a folder and its subfolders; none if there is no such folder. `hidden` includes hidden ones."""
    pending = [str(folder)]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") and not hidden:
                continue
            if entry.is_symlink():
                yield Path(entry.path)
            elif entry.is_dir():
                pending.append(entry.path)
