"""Answers kept by content: the same page, references, checks and libraries give the same verdicts."""

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.disk import cache_home, code_digest, stamp, write_whole
from harness.finding import Finding, finding_from_json
from harness.verdict import Status, Verdict, verdict_from_json

LIBRARIES = (
    "torch",
    "torchvision",
    "ftfy",
    "jinja2",
    "jsonschema",
    "numpy",
    "pillow",
    "pyyaml",
    "safetensors",
    "scipy",
)

_MOST_ENTRIES = 500
# Images lie at most so many folders below the one that is given.
_DEEPEST = 6


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
    """What the verdicts on a page, or the findings across pages, depend on, as one hash.

    `contents` are the bytes of the page, the references and the includes. For `files` (weights, images), or all
    files in them where they are folders, their names and stamps stand for their bytes.
    """
    parts: list[object] = [
        page,
        library_versions(),
        _harness_digest(),
        [_listing(str(path)) for path in files],
        settings,
    ]
    digest = hashlib.sha256(json.dumps(parts).encode())
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def load(entry: str) -> list[Verdict] | None:
    """The verdicts kept under `entry`; None where there are none, or a file that they are about has changed."""
    kept = _load(entry)
    return [verdict_from_json(verdict) for verdict in kept] or None if kept is not None else None


def load_findings(entry: str) -> tuple[Finding, ...] | None:
    """The findings kept under `entry`; None where none are kept."""
    kept = _load(entry)
    return tuple(finding_from_json(finding) for finding in kept) if kept is not None else None


def store(entry: str, verdicts: Sequence[Verdict], files: Iterable[Path]) -> None:
    """Keep the verdicts, unless one is an error.

    `files` are those that the page turned out to be about when it was read.
    """
    if not any(verdict.status is Status.ERROR for verdict in verdicts):
        _store(entry, [verdict.as_json() for verdict in verdicts], files)


def store_findings(entry: str, findings: Sequence[Finding]) -> None:
    """Keep the findings."""
    _store(entry, [finding.as_json() for finding in findings], ())


def _load(entry: str) -> list[dict[str, Any]] | None:
    """What is kept; what is not what was kept, or is about files that have changed, counts as not there."""
    try:
        digest, _, kept = (cache_folder() / f"{entry}.json").read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest.decode("ascii", "replace") != hashlib.sha256(kept).hexdigest():
        return None
    content = json.loads(kept)
    if any(_listing(path) != found for path, found in content["files"]):
        return None
    found: list[dict[str, Any]] = content["kept"]
    return found


def _store(entry: str, kept: Sequence[dict[str, Any]], files: Iterable[Path]) -> None:
    """A cache that cannot be written costs time, nothing else."""
    folder = cache_folder()
    content = {"files": [[str(path), _listing(str(path))] for path in files], "kept": kept}
    data = json.dumps(content, ensure_ascii=False).encode()
    with contextlib.suppress(OSError):
        write_whole(folder / f"{entry}.json", hashlib.sha256(data).hexdigest().encode(), b"\n", data)
        newest_first = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in newest_first[_MOST_ENTRIES:]:
            old.unlink(missing_ok=True)


@cache
def _harness_digest() -> str:
    package = Path(__file__).parent
    return code_digest([*package.rglob("*.py"), *package.rglob("*.json")])


def _listing(path: str, depth: int = 0) -> list[list[object]]:
    """Name and stamp of a file, or of every file in a folder, links followed; empty where there is nothing."""
    # Strings, not paths, here and where names are listed: there may be thousands.
    try:
        status = os.stat(path)  # noqa: PTH116
        if not stat.S_ISDIR(status.st_mode):
            return [[path, *stamp(status)]]
        names = sorted(os.listdir(path)) if depth < _DEEPEST else []  # noqa: PTH208
    except OSError:
        return []
    return [found for name in names for found in _listing(f"{path}/{name}", depth + 1)]
