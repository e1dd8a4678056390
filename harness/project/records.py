"""Accuracies measured elsewhere and committed: valid as long as everything they depended on is unchanged."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.system.files import write_atomically

SCHEMA = 1
# In which a network is evaluated.
PRECISIONS = ("fp32", "tf32", "bf16", "fp16")
_HASH = re.compile(r"[0-9a-f]{64}")


class RecordFileError(UserError):
    """A file of records that cannot be read; the message names it, what was expected, and the mend."""


@dataclass(frozen=True, slots=True)
class Record:
    """One complete evaluation: of which weights, on which images, under which conditions, to which counts.

    `file` is the name of the weights file, `sha256` its hash; `fingerprint` is the dataset's.
    """

    model: str
    file: str
    sha256: str
    dataset: str
    fingerprint: str
    conditions: Mapping[str, Any]
    precision: str
    images: int
    top_1: int
    top_5: int
    environment: Mapping[str, Any]
    date: str

    @property
    def subject(self) -> tuple[object, ...]:
        """What was measured: a later record of the same replaces this one."""
        conditions = json.dumps(self.conditions, sort_keys=True)
        return self.model, self.file, self.dataset, conditions, self.precision

    def percent(self, metric: str) -> Decimal:
        """Accuracy in percent; `metric` is `top_1` or `top_5`."""
        return round(Decimal(100 * int(getattr(self, metric))) / self.images, 3)


def read_records(path: Path) -> tuple[Record, ...]:
    """The records in a file; none where there is no file. Raises RecordFileError."""
    try:
        content = json.loads(path.read_bytes())
        if content["schema"] != SCHEMA:
            raise ValueError(f"schema {content['schema']}")
        records = tuple(Record(**record) for record in content["records"])
        for record in records:
            _check(record)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        mend = "restore it from version control, or remove it and run `verify record`"
        raise RecordFileError(f"{path}: expected records as `verify record` writes them, got {error}; {mend}") from None
    return records


def _check(record: Record) -> None:
    """Raises ValueError where a field is not of its kind, or counts cannot be."""
    texts = (record.model, record.file, record.dataset, record.precision, record.date)
    hashes = (record.sha256, record.fingerprint)
    counts = (record.top_1, record.top_5, record.images)
    mappings = (record.conditions, record.environment)
    if not all(isinstance(one, str) for one in (*texts, *hashes)) or not all(map(_HASH.fullmatch, hashes)):
        raise ValueError(f"names or hashes of {record.model} that cannot be")
    if not all(type(one) is int for one in counts) or not 0 <= record.top_1 <= record.top_5 <= record.images > 0:
        raise ValueError(f"counts of {record.model} that cannot be")
    if record.precision not in PRECISIONS or not all(isinstance(one, dict) for one in mappings):
        raise ValueError(f"a precision, conditions or environment of {record.model} that cannot be")


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write records beside those already there; of the same subject the new one stays. Raises OSError."""
    merged = {record.subject: record for record in (*read_records(path), *records)}
    rows = [json.dumps(asdict(merged[key]), sort_keys=True) for key in sorted(merged, key=str)]
    text = f'{{\n"schema": {SCHEMA},\n"records": [\n' + ",\n".join(rows) + "\n]\n}\n"
    write_atomically(path, text.encode())
