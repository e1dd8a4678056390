"""Code that runs on the nodes of a Ray cluster: inspecting a node, decoding images, predicting classes."""

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
from harness.evaluate.data.crops import Batch, decode_crops
from harness.evaluate.data.images import Image, fingerprint
from harness.evaluate.data.shards import Shard
from harness.evaluate.run.device import batch_size, deterministic_arithmetic
from harness.evaluate.run.engine import result_versions
from harness.evaluate.run.executor import EvaluationTask, TopClasses, distinct_geometries
from harness.evaluate.run.model_pool import ModelPool
from harness.evaluate.statistics.scores import Failure

# numpy arrays, of crops or of class indices.
Array: TypeAlias = Any
# Batches that are being decoded ahead for each shard.
_DECODE_AHEAD = 4


@dataclass(frozen=True, slots=True)
class NodeInputs:
    """What a result on a node depends on: the fingerprint of the images there, or why there is none; the versions."""

    images: str
    versions: Mapping[str, str]


def inspect_node(images: Sequence[Image], device_type: str) -> NodeInputs:
    """The inputs on this node, read from the paths that an evaluation reads."""
    versions = result_versions(device_type)
    try:
        return NodeInputs(fingerprint(images), versions)
    except OSError as error:
        return NodeInputs(f"{error.strerror}: {error.filename}", versions)


def decode(batch: Batch) -> Mapping[Geometry, Array] | str:
    """The crops of a batch, or an error message that names the image that cannot be read."""
    crops = decode_crops(batch, batch.geometries)
    return crops if isinstance(crops, str) else {geometry: tensor.numpy() for geometry, tensor in crops.items()}


def load_shared(loader: Any) -> Any:
    """The network from a loader in Ray's object store, which each node fetches only once."""
    return ray.get(loader)()


@dataclass(frozen=True, slots=True)
class WorkerResult:
    """For each task an array of images × top classes, best first, or its failure. And the environment."""

    outcomes: Sequence[Array | Failure]
    environment: Mapping[str, Any]


class Worker:
    """Actor with networks on one GPU or one CPU core. Takes two shards at a time: one is decoded during the other."""

    def __init__(self, device_type: str, precision: str, classes: int) -> None:
        if device_type == "cpu":
            torch.set_num_threads(1)
        self.precision = precision
        self.pool = ModelPool(torch.device(device_type), precision, classes)
        self.lock = threading.Lock()
        self.active_tasks: Counter[EvaluationTask] = Counter()
        node = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self.decode = ray.remote(num_cpus=1, scheduling_strategy=node)(decode)

    def evaluate(self, shard: Shard, tasks: Sequence[EvaluationTask]) -> WorkerResult | str:
        """The outcomes for all images of a shard, or an error message that names the image that cannot be read."""
        with self.lock:
            self.active_tasks.update(tasks)
            self.pool.keep_only(+self.active_tasks)
        try:
            return self._evaluate(shard, tasks)
        finally:
            with self.lock:
                self.active_tasks.subtract(tasks)

    def _evaluate(self, shard: Shard, tasks: Sequence[EvaluationTask]) -> WorkerResult | str:
        predicted: dict[EvaluationTask, list[TopClasses]] = {task: [] for task in tasks}
        failed: dict[EvaluationTask, Failure] = {}
        for crops in self._crops(shard, distinct_geometries(tasks)):
            if isinstance(crops, str):
                return crops
            # Copied: arrays from the object store are read-only, and torch needs writable memory.
            tensors = {geometry: torch.tensor(array) for geometry, array in crops.items()}
            remaining = [task for task in tasks if task not in failed]
            with self.lock, deterministic_arithmetic(self.precision):
                for task, outcome in self.pool.predict(remaining, tensors):
                    if isinstance(outcome, Failure):
                        failed[task] = outcome
                    else:
                        predicted[task] += outcome
        outcomes = [failed.get(task) or np.array(predicted[task], np.int32) for task in tasks]
        return WorkerResult(outcomes, self.pool.environment)

    def _crops(self, shard: Shard, geometries: tuple[Geometry, ...]) -> Iterator[Mapping[Geometry, Array] | str]:
        """The crops of the shard batch by batch, decoded by Ray tasks on this node."""
        size = batch_size(self.pool.device, sum(geometry.image_size**2 for geometry in geometries))
        decoding: deque[Any] = deque()
        for part in shard.batches(size):
            images = shard.images[part]
            batch = Batch(Shard(shard.number, images), slice(0, len(images)), geometries)
            decoding.append(self.decode.remote(batch))
            if len(decoding) >= _DECODE_AHEAD:
                yield ray.get(decoding.popleft())
        while decoding:
            yield ray.get(decoding.popleft())
