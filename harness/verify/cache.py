"""Cached verdicts and findings, by a hash of everything they depend on.

`_Run._cache_key` in verify/run.py collects the parts of the key of a page's verdicts:
- the project's root, which relative paths start from,
- the names and bytes of the page and of every file in `_includes`, and the digest of the references,
- the selected claims,
- the resources: their folders, tolerances, records, lock, the version of timm, and the options for evaluating images,
- the names and stamps of all files in the folders of weights and images, and of ground-truth files beside images.
`key` adds the code of the harness and the versions of Python and of the libraries in `LIBRARIES`.

Some dependencies are known only after the page was read. They are stored with the verdicts and compared when these
are loaded: the stamps of weights files that the page names by path, and the answers that the project's files gave
(what the page imports, READMEs it names). Waivers are applied after loading.

Verdicts that depend on anything else are not cached: see `_Run._is_cacheable`.
"""

import contextlib
import hashlib
import json
import os
import stat
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.index.files import Files, Question, same_answers
from harness.system.cache_folder import cache_home
from harness.system.files import code_digest, file_stamp, write_atomically

LIBRARIES = ("torch", "torchvision", "ftfy", "jinja2", "numpy", "pillow", "pyyaml", "safetensors", "scipy", "timm")

_MAX_ENTRIES = 500
# Images are at most this many folders below the given one.
_MAX_DEPTH = 6


def cache_folder() -> Path:
    """The folder of cached verdicts."""
    return cache_home() / "verdicts"


@cache
def library_versions() -> dict[str, str]:
    """The versions of the installed libraries that a verdict depends on."""
    versions = {}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def key(root: Path, contents: Mapping[str, bytes], files: Iterable[Path], settings: str) -> str:
    """A hash of everything that verdicts or findings depend on.

    `contents` are bytes by name. `files` are large files or folders of them: names and stamps stand for their bytes.
    """
    parts: list[object] = [
        os.path.realpath(root),
        sys.version,
        library_versions(),
        _harness_digest(),
        {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        [_stamps(str(path)) for path in files],
        settings,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def load(entry: str, files: Sequence[Files]) -> Any:
    """The content stored under `entry`; None if there is none, if it is damaged, or if a dependency has changed.

    `files` are, for each page, the files that reading it asks, as they are now.
    """
    try:
        digest, _, stored = (cache_folder() / f"{entry}.json").read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest.decode("ascii", "replace") != hashlib.sha256(stored).hexdigest():
        return None
    document = json.loads(stored)
    if any(_stamps(path) != stamps for path, stamps in document["weights"]):
        return None
    for of_page, answers in zip(files, document["answers"], strict=True):
        if not same_answers(of_page, {(how, name): digest for how, name, digest in answers}):
            return None
    return document["content"]


def store(entry: str, content: Any, answers: Sequence[Mapping[Question, str]], weights: Iterable[Path] = ()) -> None:
    """Store plain values. A cache that cannot be written is not an error.

    `answers` are, for each page, the questions that reading it asked the project's files, with digests of the answers.
    `weights` are the weights files that the pages name by path.
    """
    document = {
        "weights": [[str(path), _stamps(str(path))] for path in weights],
        "answers": [[[how, name, digest] for (how, name), digest in of_page.items()] for of_page in answers],
        "content": content,
    }
    data = json.dumps(document, ensure_ascii=False).encode()
    with contextlib.suppress(OSError):
        path = cache_folder() / f"{entry}.json"
        write_atomically(path, hashlib.sha256(data).hexdigest().encode(), b"\n", data)


def evict(keep: Collection[str]) -> None:
    """Remove the oldest entries if there are too many, but none of `keep`, which the current run uses."""
    with contextlib.suppress(OSError):
        others = [entry for entry in os.scandir(cache_folder()) if entry.name.removesuffix(".json") not in keep]
        surplus = len(others) + len(keep) - _MAX_ENTRIES
        if surplus > 0:
            others.sort(key=lambda entry: entry.stat().st_mtime)
            for entry in others[:surplus]:
                Path(entry).unlink(missing_ok=True)


@cache
def _harness_digest() -> str:
    return code_digest("**/*.py", "**/*.json")


def _stamps(path: str, depth: int = 0) -> list[list[object]]:
    """Name and stamp of a file, or of every file below a folder, following links; empty if there is nothing."""
    # Strings instead of paths: there may be thousands.
    try:
        status = os.stat(path)  # noqa: PTH116
        if not stat.S_ISDIR(status.st_mode):
            return [[path, *file_stamp(status)]]
        names = sorted(os.listdir(path)) if depth < _MAX_DEPTH else []  # noqa: PTH208
    except OSError:
        return []
    return [stamps for name in names for stamps in _stamps(f"{path}/{name}", depth + 1)]
