"""Networks loaded on one device, and their predictions for batches of crops."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from harness.evaluate.data.crops import Crops
from harness.evaluate.data.preprocessing import normalise
from harness.evaluate.data.shards import SHARD_SIZE
from harness.evaluate.run.device import DTYPES, environment
from harness.evaluate.run.executor import EvaluationTask, TopClasses
from harness.evaluate.run.forward import BatchedNetwork, LogitsError
from harness.evaluate.statistics.scores import Failure
from harness.measure.tensors import WeightsFileError


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
            return [tuple(classes) for classes in self._network(task).top_classes(inputs, self.classes)]
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
