"""What was evaluated, kept by content: a file for each shard, there whole or not at all."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.disk import cache_home, write_whole
from harness.evaluate.scores import Counts, Prediction, count
from harness.evaluate.shards import Shard

DESCRIPTION = "evaluation.json"


def ledgers() -> Path:
    """The folder of all evaluations."""
    return cache_home() / "evaluations"


class LedgerError(Exception):
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
        except (OSError, ValueError, KeyError, TypeError):
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
            write_whole(about, json.dumps(self.description, indent=1).encode())
        write_whole(self.folder / _name(shard), json.dumps(kept).encode())

    def forget(self) -> None:
        """Remove all that was kept."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)


def read_shard(path: Path) -> Kept:
    """What a shard's file holds.

    Raises OSError, ValueError, KeyError or TypeError where it is damaged, LedgerError where it contradicts itself.
    """
    content = json.loads(path.read_bytes())
    predictions = tuple(Prediction(name, label, tuple(ranked)) for name, label, ranked in content["predictions"])
    counts = count(predictions)
    if asdict(counts) != content["counts"]:
        raise LedgerError(f"{path}: its counts are not those of its predictions; use --refresh to measure again")
    return Kept(predictions, counts, content["environment"])


def _name(shard: Shard) -> str:
    return f"shard-{shard.number:04}-{len(shard.images)}.json"
