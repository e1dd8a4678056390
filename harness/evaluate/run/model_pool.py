"""Networks loaded on one device, and their predictions for crops, in batches that fit the device's memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from harness.evaluate.data.crops import Crops
from harness.evaluate.data.preprocessing import normalise
from harness.evaluate.data.shards import SHARD_SIZE
from harness.evaluate.run.device import DTYPES, environment
from harness.evaluate.run.executor import EvaluationTask, TopClasses
from harness.evaluate.statistics.scores import TOP_K, Failure
from harness.measure.weights_file_error import WeightsFileError

_OUT_OF_MEMORY = ("can't allocate memory", "ALLOC_FAILED", "out of memory")


class LogitsError(Exception):
    """The network's output is not one finite score per class."""


@dataclass(slots=True)
class BatchedNetwork:
    """A network on its device. `batch` is the number of images per forward pass, halved when memory runs out."""

    network: nn.Module
    batch: int

    def top_classes(self, images: torch.Tensor, classes: int) -> list[TopClasses]:
        """For each image of N×3×H×W, the classes with the highest scores, best first.

        Raises LogitsError, and torch.OutOfMemoryError or RuntimeError if not even one image fits in memory.
        """
        logits = self._logits(images)
        if logits.shape != (len(images), classes):
            raise LogitsError(f"expected {classes} scores per image, got the shape {list(logits.shape)}")
        top = logits.topk(min(TOP_K, classes), dim=1).indices
        finite = logits.isfinite().all(dim=1, keepdim=True)
        # One transfer from the device for both.
        rows: list[list[int]] = torch.cat([top, finite.to(top.dtype)], dim=1).tolist()
        if not all(row[-1] for row in rows):
            raise LogitsError("got scores that are NaN or infinite")
        return [tuple(row[:-1]) for row in rows]

    def _logits(self, images: torch.Tensor) -> torch.Tensor:
        while True:
            try:
                return torch.cat([self.network(part).float() for part in images.split(self.batch)])
            except RuntimeError as error:
                if self.batch == 1 or not _is_out_of_memory(error):
                    raise
            # Outside the handler: the exception's traceback would keep tensors alive.
            self.batch = max(1, min(self.batch, len(images)) // 2)
            if images.is_cuda:
                torch.cuda.empty_cache()


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in _OUT_OF_MEMORY)


@dataclass(slots=True)
class ModelPool:
    """Networks on one device, each loaded on first use. All have the same number of `classes`."""

    device: torch.device
    precision: str
    classes: int
    environment: Mapping[str, Any] = field(init=False)
    _networks: dict[tuple[str, str], BatchedNetwork] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = environment(self.device)

    def predict(
        self, tasks: Sequence[EvaluationTask], crops: Crops
    ) -> Iterator[tuple[EvaluationTask, list[TopClasses] | Failure]]:
        """For each task, the top classes of each crop, or why that task failed."""
        with torch.inference_mode():
            for conditions in dict.fromkeys(task.conditions for task in tasks):
                # One input at a time: the inputs of all conditions together might not fit in memory.
                on_device = crops[conditions.geometry].to(self.device, non_blocking=True)
                inputs = normalise(on_device, conditions).to(DTYPES[self.precision], memory_format=torch.channels_last)
                for task in tasks:
                    if task.conditions == conditions:
                        yield task, self._predict(task, inputs)

    def _predict(self, task: EvaluationTask, inputs: torch.Tensor) -> list[TopClasses] | Failure:
        try:
            return self._network(task).top_classes(inputs, self.classes)
        except (LogitsError, WeightsFileError, OSError, RuntimeError) as error:
            return Failure(f"{task.model}: {error}".partition("\n")[0])

    def _network(self, task: EvaluationTask) -> BatchedNetwork:
        key = task.model, task.weights
        if key not in self._networks:
            network = task.load().to(self.device, DTYPES[self.precision], memory_format=torch.channels_last)
            self._networks[key] = BatchedNetwork(network.eval(), SHARD_SIZE)
        return self._networks[key]

    def keep_only(self, tasks: Collection[EvaluationTask]) -> None:
        """Unload the networks that none of the tasks uses."""
        keys = {(task.model, task.weights) for task in tasks}
        self._networks = {key: network for key, network in self._networks.items() if key in keys}
