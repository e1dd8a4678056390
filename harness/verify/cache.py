"""Answers kept by content: the same page, references, checks and libraries give the same verdicts."""

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.index.files import Files, Question, same_answers
from harness.rules.finding import Finding, finding_from_json
from harness.system.files import cache_home, code_digest, file_stamp, write_atomically
from harness.verdict import Status, Verdict, verdict_from_json

LIBRARIES = (
    "torch",
    "torchvision",
    "ftfy",
    "jinja2",
    "numpy",
    "pillow",
    "pyyaml",
    "safetensors",
    "scipy",
    "timm",
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


def load(entry: str, project: Files) -> tuple[list[Verdict], ...] | None:
    """The lists of verdicts kept under `entry`; None where there are none, or a file that they are about has changed.

    `project` are the project's files as they are now.
    """
    content = _load(entry, [project])
    if content is None:
        return None
    return tuple([verdict_from_json(verdict) for verdict in verdicts] for verdicts in content)


def store(
    entry: str, verdicts: Sequence[Sequence[Verdict]], files: Iterable[Path], consulted: Mapping[Question, str]
) -> None:
    """Keep the lists of verdicts, unless one is an error.

    `files` are those that the page turned out to be about when it was read, `consulted` what it asked of the project's.
    """
    if any(verdict.status is Status.ERROR for of_resources in verdicts for verdict in of_resources):
        return
    _store(entry, [[one.as_json() for one in of_resources] for of_resources in verdicts], files, [consulted])


def load_findings(entry: str, projects: Sequence[Files]) -> tuple[Finding, ...] | None:
    """The findings kept under `entry`; None where none are kept, or what a page imports has changed.

    `projects` are the files that each page may import, as they are now.
    """
    content = _load(entry, projects)
    return None if content is None else tuple(map(finding_from_json, content))


def store_findings(entry: str, findings: Sequence[Finding], consulted: Sequence[Mapping[Question, str]]) -> None:
    """Keep the findings. `consulted` is what each page asked of the project's files."""
    _store(entry, [finding.as_json() for finding in findings], (), consulted)


def _load(entry: str, projects: Sequence[Files]) -> Any:
    """What is kept; None where nothing is, or it is not what was kept, or files that it is about have changed."""
    try:
        digest, _, kept = (cache_folder() / f"{entry}.json").read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest.decode("ascii", "replace") != hashlib.sha256(kept).hexdigest():
        return None
    content = json.loads(kept)
    if any(_listing(path) != found for path, found in content["files"]):
        return None
    for project, consulted in zip(projects, content["consulted"], strict=True):
        if not same_answers(project, {(how, name): digest for how, name, digest in consulted}):
            return None
    return content["kept"]


def _store(entry: str, kept: Any, files: Iterable[Path], consulted: Sequence[Mapping[Question, str]]) -> None:
    """A cache that cannot be written costs time, nothing else."""
    folder = cache_folder()
    listed = [[str(path), _listing(str(path))] for path in files]
    asked = [[[how, name, digest] for (how, name), digest in of_page.items()] for of_page in consulted]
    content = json.dumps({"files": listed, "consulted": asked, "kept": kept}, ensure_ascii=False).encode()
    with contextlib.suppress(OSError):
        write_atomically(folder / f"{entry}.json", hashlib.sha256(content).hexdigest().encode(), b"\n", content)
        newest_first = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in newest_first[_MOST_ENTRIES:]:
            old.unlink(missing_ok=True)


@cache
def _harness_digest() -> str:
    return code_digest("**/*.py", "**/*.json")


def _listing(path: str, depth: int = 0) -> list[list[object]]:
    """Name and stamp of a file, or of every file in a folder, links followed; empty where there is nothing."""
    # Strings, not paths, here and where names are listed: there may be thousands.
    try:
        status = os.stat(path)  # noqa: PTH116
        if not stat.S_ISDIR(status.st_mode):
            return [[path, *file_stamp(status)]]
        names = sorted(os.listdir(path)) if depth < _DEEPEST else []  # noqa: PTH208
    except OSError:
        return []
    return [found for name in names for found in _listing(f"{path}/{name}", depth + 1)]
