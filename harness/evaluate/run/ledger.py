"""What was evaluated, kept by content: a file for each shard, there whole or not at all."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.evaluate.data.shards import Shard
from harness.evaluate.statistics.scores import Counts, Prediction, count
from harness.system.files import cache_home, write_atomically

DESCRIPTION = "evaluation.json"


def ledgers() -> Path:
    """The folder of all evaluations."""
    return cache_home() / "evaluations"


class LedgerError(UserError):
    """What was kept contradicts itself."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One shard as it was evaluated, on a machine, on a day."""

    predictions: tuple[Prediction, ...]
    counts: Counts
    environment: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The shards of one evaluation. `description` is everything that its result depends on."""

    description: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The evaluation's name: a hash of its description."""
        return hashlib.sha256(json.dumps(self.description, sort_keys=True).encode()).hexdigest()

    @property
    def folder(self) -> Path:
        """Where the shards lie."""
        return ledgers() / self.key

    def load(self, shard: Shard) -> Kept | None:
        """The shard as it was kept; None where it was not, or what is there is not about these images.

        Raises LedgerError where the counts are not those of the predictions.
        """
        try:
            kept = read_shard(self.folder / _name(shard))
        except (OSError, ValueError):
            return None
        if [(one.image, one.label) for one in kept.predictions] != [(one.name, one.label) for one in shard.images]:
            return None
        return kept

    def store(self, shard: Shard, evaluated: Kept) -> None:
        """Keep the shard. Raises OSError where that cannot be done."""
        rows = [[one.image, one.label, list(one.ranked)] for one in evaluated.predictions]
        kept = {"counts": asdict(evaluated.counts), "environment": dict(evaluated.environment), "predictions": rows}
        about = self.folder / DESCRIPTION
        if not about.exists():
            write_atomically(about, json.dumps(self.description, indent=1).encode())
        write_atomically(self.folder / _name(shard), json.dumps(kept).encode())


def read_shard(path: Path) -> Kept:
    """What a shard's file holds.

    Raises OSError or ValueError where it is damaged, LedgerError where it contradicts itself.
    """
    try:
        content = json.loads(path.read_bytes())
        predictions = tuple(_prediction(*row) for row in content["predictions"])
        date = content["environment"]["date"]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(date, str):
        raise ValueError(f"{path}: no date")
    counts = count(predictions)
    if asdict(counts) != content["counts"]:
        raise LedgerError(f"{path}: its counts are not those of its predictions; use --refresh to measure again")
    return Kept(predictions, counts, content["environment"])


def _prediction(name: object, label: object, ranked: Sequence[object]) -> Prediction:
    classes = tuple(one for one in ranked if isinstance(one, int))
    if not (isinstance(name, str) and isinstance(label, int) and classes and len(classes) == len(ranked)):
        raise ValueError(f"no prediction: {name!r}, {label!r}, {ranked!r}")
    return Prediction(name, label, classes)


def _name(shard: Shard) -> str:
    return f"shard-{shard.number:04}-{len(shard.images)}.json"
