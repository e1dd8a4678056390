"""Answers kept by content: the same page, references, checks and libraries give the same verdicts."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.disk import cache_home, code_digest, write_whole
from harness.verdict import Status, Verdict, verdict_from_json

LIBRARIES = ("torch", "torchvision", "ftfy", "jinja2", "jsonschema", "pyyaml")

_MOST_ENTRIES = 500


def cache_folder() -> Path:
    """Where answers lie."""
    return cache_home() / "verdicts"


@cache
def library_versions() -> dict[str, str]:
    """The versions of the libraries that a verdict depends on."""
    versions = {}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def key(page: str, contents: Iterable[bytes], files: Iterable[Path], settings: str) -> str:
    """What the verdicts on a page depend on, as one hash.

    `contents` are the bytes of the page, the references and the includes. Of `files` (weights, images), or all
    files in them where they are folders, name, size and time of change stand for their bytes, as in git's index.
    """
    parts: list[object] = [page, library_versions(), _harness_digest(), [_listing(path) for path in files], settings]
    digest = hashlib.sha256(json.dumps(parts).encode())
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def load(entry: str) -> list[Verdict] | None:
    """The verdicts kept under `entry`; None where there are none, or what is there is not what was kept."""
    try:
        digest, _, kept = (cache_folder() / f"{entry}.json").read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest.decode("ascii", "replace") != hashlib.sha256(kept).hexdigest():
        return None
    return [verdict_from_json(verdict) for verdict in json.loads(kept)] or None


def store(entry: str, verdicts: Sequence[Verdict]) -> None:
    """Keep the verdicts, unless one is an error. A cache that cannot be written costs time, nothing else."""
    if any(verdict.status is Status.ERROR for verdict in verdicts):
        return
    folder = cache_folder()
    kept = json.dumps([verdict.as_json() for verdict in verdicts], ensure_ascii=False).encode()
    with contextlib.suppress(OSError):
        write_whole(folder / f"{entry}.json", hashlib.sha256(kept).hexdigest().encode(), b"\n", kept)
        newest_first = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in newest_first[_MOST_ENTRIES:]:
            old.unlink(missing_ok=True)


@cache
def _harness_digest() -> str:
    package = Path(__file__).parent
    return code_digest([*package.rglob("*.py"), *package.rglob("*.json")])


def _listing(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change of a file, or of every file in a folder."""
    # Strings, not paths: there may be thousands.
    found = [f"{top}/{name}" for top, _, names in os.walk(path) for name in names] or [str(path)]
    stats = [(name, os.stat(name)) for name in found if os.access(name, os.R_OK)]  # noqa: PTH116
    return sorted((name, status.st_size, status.st_mtime_ns) for name, status in stats)
