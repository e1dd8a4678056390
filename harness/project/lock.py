"""The lock of the weights: what every file that a page names was when it was seen."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import UserError
from harness.system.files import write_atomically

SCHEMA = 1


class LockFileError(UserError):
    """A lock that cannot be read, or is not what was written; the message names it and the mend."""


@dataclass(frozen=True, slots=True)
class Locked:
    """A weights file as it was seen: of which page and model, at which address, its SHA-256 and its size in bytes."""

    page: str
    model: str
    weights: str
    sha256: str
    bytes: int

    @property
    def key(self) -> tuple[str, str]:
        """What there is one entry of."""
        return self.page, self.model


def read_lock(path: Path) -> Mapping[tuple[str, str], Locked]:
    """The entries by page and model; none where there is no file.

    Raises LockFileError, also for a file that was edited: a digest of the entries stands beside them.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LockFileError(f"{path}: expected a lock that can be read, got: {error.strerror}") from None
    try:
        content = json.loads(data)
        entries = [Locked(**entry) for entry in content["files"]]
        written = content["schema"] == SCHEMA and content["digest"] == _digest(entries)
    except (ValueError, TypeError, KeyError, RecursionError):
        written = False
    if not written:
        found = "one with a merge conflict" if b"<<<<<<<" in data else "one that was edited or cut"
        mend = "restore it from version control, or remove it and run `verify lock` where the files are"
        raise LockFileError(f"{path}: expected a lock as `verify lock` writes it, got {found}; {mend}")
    return {entry.key: entry for entry in entries}


def write_lock(path: Path, entries: Iterable[Locked]) -> None:
    """Write the lock whole, in the order of pages and models. Raises OSError."""
    ordered = sorted(entries, key=lambda entry: entry.key)
    rows = ",\n".join(json.dumps(asdict(entry)) for entry in ordered)
    text = f'{{\n"schema": {SCHEMA},\n"digest": "{_digest(ordered)}",\n"files": [\n{rows}\n]\n}}\n'
    write_atomically(path, text.encode())


def _digest(entries: Iterable[Locked]) -> str:
    return hashlib.sha256(json.dumps([asdict(entry) for entry in entries], sort_keys=True).encode()).hexdigest()
