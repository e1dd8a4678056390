"""Ledger of evaluations: shards stored under a hash of everything they depend on, each written atomically."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.evaluate.data.shards import Shard
from harness.evaluate.statistics.scores import Counts, Prediction, count
from harness.system.cache_folder import cache_home
from harness.system.files import write_atomically

_DESCRIPTION_FILE = "evaluation.json"


def ledgers_folder() -> Path:
    """The folder that holds the ledgers of all evaluations."""
    return cache_home() / "evaluations"


class LedgerError(UserError):
    """A stored shard contradicts itself."""


@dataclass(frozen=True, slots=True)
class EvaluatedShard:
    """A shard's predictions and counts, and the environment that produced them."""

    predictions: tuple[Prediction, ...]
    counts: Counts
    environment: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The stored shards of one evaluation. `description` holds everything that its result depends on."""

    description: Mapping[str, Any]

    @property
    def key(self) -> str:
        """A hash of the description."""
        return hashlib.sha256(json.dumps(self.description, sort_keys=True).encode()).hexdigest()

    @property
    def folder(self) -> Path:
        """The folder that holds the shards."""
        return ledgers_folder() / self.key

    def load(self, shard: Shard) -> EvaluatedShard | None:
        """The stored shard; None if it is absent, damaged, or about other images.

        Raises LedgerError if its counts contradict its predictions.
        """
        try:
            stored = _read_shard(self.folder / _file_name(shard))
        except (OSError, ValueError):
            return None
        labels = [(prediction.image, prediction.label) for prediction in stored.predictions]
        return stored if labels == [(image.name, image.label) for image in shard.images] else None

    def store(self, shard: Shard, evaluated: EvaluatedShard) -> None:
        """Store the shard. Raises OSError."""
        rows = [[row.image, row.label, list(row.top_classes)] for row in evaluated.predictions]
        content = {"counts": asdict(evaluated.counts), "environment": dict(evaluated.environment), "predictions": rows}
        description = self.folder / _DESCRIPTION_FILE
        if not description.exists():
            write_atomically(description, json.dumps(self.description, indent=1).encode())
        write_atomically(self.folder / _file_name(shard), json.dumps(content).encode())


def _read_shard(path: Path) -> EvaluatedShard:
    """The content of a shard's file.

    Raises OSError or ValueError if it is damaged, LedgerError if its counts contradict its predictions.
    """
    try:
        content = json.loads(path.read_bytes())
        predictions = tuple(_prediction(*row) for row in content["predictions"])
        date = content["environment"]["date"]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(date, str):
        raise ValueError(f"{path}: expected a date, got {date!r}")
    counts = count(predictions)
    if asdict(counts) != content["counts"]:
        raise LedgerError(f"{path}: the counts do not match the predictions; use --refresh to measure again")
    return EvaluatedShard(predictions, counts, content["environment"])


@dataclass(frozen=True, slots=True)
class StoredEvaluation:
    """A stored evaluation: its key, everything its result depends on, and its predictions so far."""

    key: str
    description: dict[str, Any]
    dates: tuple[str, ...]
    predictions: tuple[Prediction, ...]


def find_evaluations(model: str) -> list[StoredEvaluation]:
    """All stored evaluations of a model, latest last. Raises LedgerError if one contradicts itself."""
    paths = sorted(ledgers_folder().glob(f"*/{_DESCRIPTION_FILE}"))
    found = [evaluation for path in paths if (evaluation := _read_evaluation(path, model))]
    return sorted(found, key=lambda evaluation: (evaluation.dates, evaluation.key))


def _prediction(name: object, label: object, top_classes: Sequence[object]) -> Prediction:
    classes = tuple(index for index in top_classes if isinstance(index, int))
    if not (isinstance(name, str) and isinstance(label, int) and classes and len(classes) == len(top_classes)):
        raise ValueError(f"not a prediction: {name!r}, {label!r}, {top_classes!r}")
    return Prediction(name, label, classes)


def _file_name(shard: Shard) -> str:
    return f"shard-{shard.number:04}-{len(shard.images)}.json"


def _read_evaluation(description_file: Path, model: str) -> StoredEvaluation | None:
    """The evaluation if it is of `model`; damaged shards are left out."""
    try:
        description = json.loads(description_file.read_bytes())
        if description["model"] != model:
            return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    predictions: dict[tuple[str, int], Prediction] = {}
    dates = set()
    for path in sorted(description_file.parent.glob("shard-*.json")):
        try:
            shard = _read_shard(path)
        except (OSError, ValueError):
            continue
        dates.add(str(shard.environment.get("date")))
        # A part of a shard may be stored besides the whole: each image counts once.
        predictions |= {(prediction.image, prediction.label): prediction for prediction in shard.predictions}
    if not predictions:
        return None
    return StoredEvaluation(
        description_file.parent.name, description, tuple(sorted(dates)), tuple(predictions.values())
    )
