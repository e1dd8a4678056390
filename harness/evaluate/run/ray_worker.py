"""What runs on the nodes of a Ray cluster: checking what a node sees, decoding images, ranking classes."""

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import ray
import torch
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from harness.evaluate.data.conditions import Geometry
from harness.evaluate.data.crops import Batch, decoded_crops
from harness.evaluate.data.fingerprint import Image, fingerprint
from harness.evaluate.data.shards import Shard
from harness.evaluate.run.device import batch_size, deciding_versions, exact_arithmetic
from harness.evaluate.run.engine import code_of_evaluating
from harness.evaluate.run.executor import Entrant, Ranked, geometries
from harness.evaluate.run.ranking import Ranker
from harness.evaluate.statistics.scores import Failure

# Of numpy: crops, or classes.
Array: TypeAlias = Any
# So many batches are being decoded for each worker, so that it never waits.
_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Sight:
    """What a node sees: the images' fingerprint, or why there is none; and the versions that a result depends on."""

    images: str
    versions: Mapping[str, str]


def look(images: Sequence[Image], kind: str) -> Sight:
    """What this node sees of the images, at the very places where they are evaluated."""
    versions = deciding_versions(kind) | {"harness": code_of_evaluating()}
    try:
        return Sight(fingerprint(images), versions)
    except OSError as error:
        return Sight(f"{error.strerror}: {error.filename}", versions)


def decode(batch: Batch) -> Mapping[Geometry, Array] | str:
    """The crops of a batch; or, where an image does not decode, which and why."""
    crops = decoded_crops(batch, batch.geometries)
    return crops if isinstance(crops, str) else {geometry: made.numpy() for geometry, made in crops.items()}


@dataclass(frozen=True, slots=True)
class Carried:
    """Loads a network from what was put into the cluster's memory; only once on each node it is fetched from there."""

    loader: Any
    size: int

    def __call__(self) -> Any:
        """The network. Raises WeightsFileError or OSError."""
        return ray.get(self.loader)()

    def carried(self) -> "Carried":
        """Itself."""
        return self


@dataclass(frozen=True, slots=True)
class Evaluated:
    """For each entrant, images × first classes, the highest score first, or why it failed; and what that ran on."""

    outcomes: Sequence[Array | Failure]
    environment: Mapping[str, Any]


class Evaluator:
    """The actor: networks on one GPU, or on one core of a processor. Two shards at a time, so that one decodes."""

    def __init__(self, kind: str, precision: str, classes: int) -> None:
        if kind == "cpu":
            torch.set_num_threads(1)
        self.precision = precision
        self.ranker = Ranker(torch.device(kind), precision, classes)
        self.lock = threading.Lock()
        self.wanted: Counter[Entrant] = Counter()
        node = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self.decode = ray.remote(num_cpus=1, scheduling_strategy=node)(decode)

    def evaluate(self, shard: Shard, entrants: Sequence[Entrant]) -> Evaluated | str:
        """All images of a shard; or, where one does not decode, which and why."""
        with self.lock:
            self.wanted.update(entrants)
            self.ranker.keep_only(+self.wanted)
        try:
            return self._evaluate(shard, entrants)
        finally:
            with self.lock:
                self.wanted.subtract(entrants)

    def _evaluate(self, shard: Shard, entrants: Sequence[Entrant]) -> Evaluated | str:
        made: dict[Entrant, list[Ranked]] = {entrant: [] for entrant in entrants}
        failed: dict[Entrant, Failure] = {}
        for crops in self._crops(shard, geometries(entrants)):
            if isinstance(crops, str):
                return crops
            # The arrays lie in memory that all processes of the node share, and torch wants what it may write to.
            tensors = {geometry: torch.tensor(array) for geometry, array in crops.items()}
            going = [entrant for entrant in entrants if entrant not in failed]
            with self.lock, exact_arithmetic(self.precision):
                for entrant, outcome in self.ranker.rank(going, tensors):
                    if isinstance(outcome, Failure):
                        failed[entrant] = outcome
                    else:
                        made[entrant] += outcome
        outcomes = [failed.get(entrant) or np.array(made[entrant], np.int32) for entrant in entrants]
        return Evaluated(outcomes, self.ranker.environment)

    def _crops(self, shard: Shard, wanted: tuple[Geometry, ...]) -> Iterator[Mapping[Geometry, Array] | str]:
        """The crops of the shard batch by batch, decoded by tasks on this node."""
        size = batch_size(self.ranker.device, sum(geometry.image_size**2 for geometry in wanted))
        waiting: deque[Any] = deque()
        for part in shard.batches(size):
            images = shard.images[part]
            waiting.append(self.decode.remote(Batch(Shard(shard.number, images), slice(0, len(images)), wanted)))
            if len(waiting) >= _AHEAD:
                yield ray.get(waiting.popleft())
        while waiting:
            yield ray.get(waiting.popleft())
