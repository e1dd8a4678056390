"""Files of the harness's own: where they are kept, and how one is written whole or not at all."""

import hashlib
import os
import tempfile
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def cache_home() -> Path:
    """Where answers, evaluations and digests are kept: below XDG_CACHE_HOME, or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    # Relative values are to be ignored, as the XDG Base Directory Specification says.
    home = home if home.startswith("/") else os.path.expanduser("~/.cache")  # noqa: PTH111 - never raises
    return Path(home) / "model-card-harness"


def file_stamp(status: os.stat_result) -> tuple[int, ...]:
    """What shows that a file is another than it was, without reading it; as in git's index."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def write_atomically(path: Path, *parts: bytes) -> None:
    """Write `parts` one after the other, and let the file appear when all of it is on disk. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def code_digest(*patterns: str) -> str:
    """SHA-256 over the harness's own files that match glob patterns relative to the package.

    Results are cached under it: results of other code are not reused. Raises ValueError if a pattern matches nothing.
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
