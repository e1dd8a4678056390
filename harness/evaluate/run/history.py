"""The evaluations that are kept on this machine, to look at and to compare."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.evaluate.run.ledger import DESCRIPTION, ledgers, read_shard
from harness.evaluate.statistics.scores import Counts, Prediction, count


@dataclass(frozen=True, slots=True)
class KeptRun:
    """One evaluation: its name, everything it depended on, and what it found on the images it has come to."""

    key: str
    description: dict[str, Any]
    dates: tuple[str, ...]
    predictions: tuple[Prediction, ...]

    @property
    def counts(self) -> Counts:
        """The counts of all its images."""
        return count(self.predictions)


def find_runs(model: str) -> list[KeptRun]:
    """All kept evaluations of a model, the latest last. Raises LedgerError where one contradicts itself."""
    runs = [run for path in sorted(ledgers().glob(f"*/{DESCRIPTION}")) if (run := _read(path, model))]
    return sorted(runs, key=lambda run: (run.dates, run.key))


def _read(path: Path, model: str) -> KeptRun | None:
    """The run whose description lies at `path`, if it is of `model`; shards that are damaged are left out."""
    try:
        description = json.loads(path.read_bytes())
        if description["model"] != model:
            return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    predictions: dict[tuple[str, int], Prediction] = {}
    dates = set()
    for shard in sorted(path.parent.glob("shard-*.json")):
        try:
            kept = read_shard(shard)
        except (OSError, ValueError):
            continue
        dates.add(str(kept.environment.get("date")))
        # A part of a shard may be kept beside the whole: each image counts once.
        predictions |= {(one.image, one.label): one for one in kept.predictions}
    if not predictions:
        return None
    return KeptRun(path.parent.name, description, tuple(sorted(dates)), tuple(predictions.values()))
