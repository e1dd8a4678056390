"""Networks on a device, which rank the classes of crops."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from harness.evaluate.data.crops import Crops
from harness.evaluate.data.preprocessing import normalise
from harness.evaluate.data.shards import SHARD_SIZE
from harness.evaluate.run.device import dtype, environment
from harness.evaluate.run.executor import Entrant, Ranked
from harness.evaluate.run.forward import LogitsError, Runner
from harness.evaluate.statistics.scores import Failure
from harness.measure.tensors import WeightsFileError


@dataclass(slots=True)
class Ranker:
    """Networks of so many classes on a device, each loaded when it is first wanted, and kept.

    `environment` is what they run on.
    """

    device: torch.device
    precision: str
    classes: int
    environment: Mapping[str, Any] = field(init=False)
    _runners: dict[tuple[str, str], Runner] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = environment(self.device)

    def rank(self, entrants: Sequence[Entrant], crops: Crops) -> Iterator[tuple[Entrant, list[Ranked] | Failure]]:
        """The first classes of each crop by each entrant; or, where one fails, why: its failure is its own."""
        with torch.inference_mode():
            for conditions in dict.fromkeys(entrant.conditions for entrant in entrants):
                # The input of one set of conditions at a time: of many, they would not fit beside each other.
                there = crops[conditions.geometry].to(self.device, non_blocking=True)
                inputs = normalise(there, conditions).to(dtype(self.precision), memory_format=torch.channels_last)
                for entrant in entrants:
                    if entrant.conditions == conditions:
                        yield entrant, self._ranked(entrant, inputs)

    def _ranked(self, entrant: Entrant, inputs: torch.Tensor) -> list[Ranked] | Failure:
        try:
            ranked = self._runner(entrant).first_classes(inputs, self.classes)
        except (LogitsError, WeightsFileError, OSError, RuntimeError) as error:
            return Failure(f"{entrant.model}: {error}".partition("\n")[0])
        return [tuple(classes) for classes in ranked]

    def _runner(self, entrant: Entrant) -> Runner:
        name = entrant.model, entrant.weights
        if name not in self._runners:
            network = entrant.load().to(self.device, dtype(self.precision), memory_format=torch.channels_last)
            self._runners[name] = Runner(network.eval(), SHARD_SIZE)
        return self._runners[name]

    def keep_only(self, entrants: Collection[Entrant]) -> None:
        """Let go of the networks that none of the entrants wants."""
        names = {(entrant.model, entrant.weights) for entrant in entrants}
        self._runners = {name: runner for name, runner in self._runners.items() if name in names}
