"""Accuracies measured on another machine and committed in `modelindex/records.json`.

A record is valid as long as everything that it depends on is unchanged.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.project.documents import ProjectError, read_document
from harness.system.files import write_atomically

_FIX = "restore it from version control, or remove it and run `verify record`"


@dataclass(frozen=True, slots=True)
class Record:
    """One complete evaluation: weights, images, conditions, and the counts of correct images.

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
        """What was measured; a later record of the same subject replaces this one."""
        conditions = json.dumps(self.conditions, sort_keys=True)
        return self.model, self.file, self.dataset, conditions, self.precision

    def percent(self, metric: str) -> Decimal:
        """Accuracy in percent; `metric` is `top_1` or `top_5`."""
        return round(Decimal(100 * int(getattr(self, metric))) / self.images, 3)


def read_records(path: Path) -> tuple[Record, ...]:
    """The records in a file `modelindex/…` of a project; empty if there is no file. Raises ProjectError."""
    try:
        content = read_document(path, "records", _FIX, parse_float=float)
    except FileNotFoundError:
        return ()
    records = tuple(Record(**record) for record in content["records"])
    for index, record in enumerate(records):
        if not record.top_1 <= record.top_5 <= record.images:
            counts = f"{record.top_1}, {record.top_5}, {record.images}"
            raise ProjectError(f"{path}: expected top_1 ≤ top_5 ≤ images, got {counts} at records[{index}]; {_FIX}")
    return records


def by_model_and_dataset(records: Iterable[Record]) -> dict[tuple[str, str], list[Record]]:
    """The records of each model on each dataset."""
    found: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        found[record.model, record.dataset].append(record)
    return dict(found)


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Add records to a file; of two with the same subject, the new one stays. Raises OSError, ProjectError."""
    merged = {record.subject: record for record in (*read_records(path), *records)}
    rows = [json.dumps(asdict(merged[key]), sort_keys=True) for key in sorted(merged, key=str)]
    text = '{\n"schema": 1,\n"records": [\n' + ",\n".join(rows) + "\n]\n}\n"
    write_atomically(path, text.encode(), root=path.parents[1])
