"""Files of the harness's own: where they are kept, and how one is written whole or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def cache_home() -> Path:
    """Where answers, evaluations and digests are kept: below XDG_CACHE_HOME, or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    # Relative values are to be ignored, as the XDG Base Directory Specification says.
    home = home if home.startswith("/") else os.path.expanduser("~/.cache")  # noqa: PTH111 - never raises
    return Path(home) / "model-card-harness"


def stamp(status: os.stat_result) -> tuple[int, ...]:
    """What shows that a file is another than it was, without reading it; as in git's index."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def write_whole(path: Path, *parts: bytes) -> None:
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


def code_digest(files: Iterable[Path]) -> str:
    """A SHA-256 over some of the harness's own files, so that what they made is not taken for what others made."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(files):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()
