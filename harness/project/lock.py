"""The lock of the weights files, `modelindex/weights.lock`: digest and size of each file that a page names."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.project.documents import ProjectError, read_document
from harness.system.files import write_atomically

_FIX = "restore it from version control, or remove it and run `verify lock` where the files are"


@dataclass(frozen=True, slots=True)
class Locked:
    """A weights file at the time of locking: its page, model, address, SHA-256 and size in bytes."""

    page: str
    model: str
    weights: str
    sha256: str
    bytes: int

    @property
    def key(self) -> tuple[str, str]:
        """Page and model, which identify an entry."""
        return self.page, self.model


def read_lock(path: Path) -> Mapping[tuple[str, str], Locked]:
    """The entries by page and model; empty if there is no file. Raises ProjectError, also for an edited file."""
    try:
        content = read_document(path, "lock", _FIX)
    except FileNotFoundError:
        return {}
    entries = [Locked(**entry) for entry in content["files"]]
    if content["digest"] != _digest(entries):
        raise ProjectError(f"{path}: expected a lock as `verify lock` writes it, got an edited one; {_FIX}")
    return {entry.key: entry for entry in entries}


def write_lock(path: Path, entries: Iterable[Locked]) -> None:
    """Write the lock, sorted by page and model. Raises OSError."""
    ordered = sorted(entries, key=lambda entry: entry.key)
    rows = ",\n".join(json.dumps(asdict(entry)) for entry in ordered)
    text = f'{{\n"schema": 1,\n"digest": "{_digest(ordered)}",\n"files": [\n{rows}\n]\n}}\n'
    write_atomically(path, text.encode(), root=path.parents[1])


def _digest(entries: Iterable[Locked]) -> str:
    return hashlib.sha256(json.dumps([asdict(entry) for entry in entries], sort_keys=True).encode()).hexdigest()
