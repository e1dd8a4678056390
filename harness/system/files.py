"""The harness's own files: the cache folder, atomic writes, and a digest of the code."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def cache_home() -> Path:
    """The user's cache folder for the harness: below XDG_CACHE_HOME, or ~/.cache."""
    return _user_folder("XDG_CACHE_HOME", "~/.cache")


def data_home() -> Path:
    """The user's data folder for the harness: below XDG_DATA_HOME, or ~/.local/share."""
    return _user_folder("XDG_DATA_HOME", "~/.local/share")


def _user_folder(variable: str, default: str) -> Path:
    home = os.environ.get(variable, "")
    # The XDG Base Directory Specification says that relative values are ignored.
    home = home if home.startswith("/") else os.path.expanduser(default)  # noqa: PTH111 - never raises
    return Path(home) / "model-card-harness"


def file_stamp(status: os.stat_result) -> tuple[int, ...]:
    """Values that change when a file is edited or replaced, as git's index keeps them."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def write_atomically(path: Path, *parts: bytes) -> None:
    """Write a file of consecutive `parts`; it appears once all bytes are on disk. Raises OSError."""
    write_files({path: parts}, sync=True)


def write_files(files: Mapping[Path, Iterable[bytes]], *, sync: bool = False) -> None:
    """Write several files; none of them changes before all are written to temporary files beside them.

    `sync` waits until the bytes are on disk. Raises OSError, and leaves no temporary file behind.
    """
    temporaries: dict[Path, Path] = {}
    try:
        for path, parts in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
            temporaries[path] = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.writelines(parts)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            Path(name).chmod(0o644)
        for path, temporary in temporaries.items():
            temporary.replace(path)
    except BaseException:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)
        raise


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
