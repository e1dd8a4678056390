"""Files: bounded reads, atomic writes, and a digest of the harness's code."""

import hashlib
import os
import platform
import re
import secrets
import stat
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
}
_TEMPORARY = re.compile(r"\.verify-(?P<machine>[0-9a-f]{8})-(?P<process>[0-9]{1,9})-[0-9a-f]{16}\.tmp")
# Temporary files of another machine, on a shared disk: no write takes a day.
_SECONDS_UNTIL_STALE = 24 * 60 * 60


def file_stamp(status: os.stat_result) -> tuple[int, ...]:
    """Values that change when a file is edited or replaced, as git's index keeps them."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def leads_inside(path: Path, folder: Path) -> bool:
    """Whether a path, with all its links followed, is below `folder`, and not in a `.git`. The path need not exist."""
    try:
        below = Path(os.path.realpath(path)).relative_to(os.path.realpath(folder))
    except ValueError:  # elsewhere, or a zero byte in the path
        return False
    return ".git" not in map(str.casefold, below.parts)


def read_file(path: Path, most_bytes: int, inside: Path | None = None) -> bytes:
    """The bytes of a regular file, which must be inside the folder `inside`, if given, with all links followed.

    Raises OSError for a file that leads out of the folder, has another kind or is larger than `most_bytes`.
    """
    # Files below /proc have a size of 0 whatever they hold, so that only reading shows it.
    data = read_start(path, most_bytes + 1, inside)
    if len(data) > most_bytes:
        raise OSError(None, f"a file of more than {most_bytes} bytes")
    return data


def read_start(path: Path, number: int, inside: Path | None = None) -> bytes:
    """The first bytes of a regular file, as `read_file` reads it. Raises OSError."""
    if inside is not None and not leads_inside(path, inside):
        raise PermissionError(None, "a path that leads out of the project")
    # Opening a pipe or a device can block or have effects, so its kind is checked first.
    _require_regular(path.stat())
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        _require_regular(os.fstat(handle))
        return file.read(number)


def _require_regular(status: os.stat_result) -> None:
    kind = _KINDS.get(stat.S_IFMT(status.st_mode))
    if kind:
        raise OSError(None, f"a {kind} instead of a regular file")


def require_no_links(folder: Path, root: Path) -> None:
    """Raises OSError if `folder`, or a folder between it and `root`, is a link: nothing is written through links.

    `root` itself may be one.
    """
    for part in reversed((folder, *folder.parents)):
        if part != root and part.is_relative_to(root) and part.is_symlink():
            raise PermissionError(f"{part} is a link; remove it")


def write_atomically(path: Path, *parts: bytes, root: Path | None = None) -> None:
    """Write a file of consecutive `parts`; it appears once all bytes are on disk. Raises OSError.

    `root` is as for `write_files`.
    """
    write_files({path: parts}, root=root, sync=True)


def write_files(files: Mapping[Path, Iterable[bytes]], *, root: Path | None = None, sync: bool = False) -> None:
    """Write several files; none of them changes before all are written to temporary files beside them.

    A file that exists keeps its permissions. A link is replaced, not followed. With `root`, no folder between it and
    a file may be a link. `sync` waits until the bytes are on disk. Raises OSError, and leaves no temporary file behind;
    those of a killed process are removed by the next one that writes to the folder.
    """
    temporaries: dict[Path, Path] = {}
    try:
        for path, parts in files.items():
            if root is not None:
                require_no_links(path.parent, root)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporaries[path], handle = open_temporary(path.parent)
            with os.fdopen(handle, "wb") as file:
                file.writelines(parts)
                _keep_permissions(path, handle)
                if sync:
                    file.flush()
                    os.fsync(handle)
        for path, temporary in temporaries.items():
            temporary.replace(path)
    except BaseException:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)
        raise


def open_temporary(folder: Path) -> tuple[Path, int]:
    """A new file for the caller to rename or remove, and a handle to write to it. Raises OSError."""
    _remove_stale_temporaries(folder)
    path = folder / f".verify-{_machine()}-{os.getpid()}-{secrets.token_hex(8)}.tmp"
    # The umask decides about the permissions of a new file.
    return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)


def _keep_permissions(path: Path, handle: int) -> None:
    """Give the new file the permissions of the regular file that it replaces."""
    with suppress(FileNotFoundError):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            os.fchmod(handle, status.st_mode & 0o777)


@cache
def _machine() -> str:
    """Eight digits for this machine: process ids of another one say nothing."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


@cache
def _remove_stale_temporaries(folder: Path) -> None:
    """Remove the temporary files of processes that were killed: once per folder, as some have many files."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _TEMPORARY.fullmatch(entry.name)
            with suppress(OSError):
                if match and _is_stale(match, entry):
                    Path(entry).unlink()


def _is_stale(match: re.Match[str], entry: os.DirEntry[str]) -> bool:
    if match["machine"] != _machine():
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > _SECONDS_UNTIL_STALE
    try:
        os.kill(int(match["process"]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # another user's process
    return False


def code_digest(*patterns: str) -> str:
    """SHA-256 of the harness's source files that match glob patterns relative to the package.

    Cached results are stored under it, so that other code does not reuse them. Raises ValueError if a pattern matches
    no file.
    """
    digest = hashlib.sha256()
    files: set[Path] = set()
    for pattern in patterns:
        matched = set(_PACKAGE.glob(pattern))
        if not matched:
            raise ValueError(f"no file of the harness matches {pattern!r}")
        files |= matched
    for path in sorted(files):
        digest.update(f"{path.relative_to(_PACKAGE).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()
