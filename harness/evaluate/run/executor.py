"""Interface between an evaluation and the executor that carries it out: tasks, workload, results."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.data.dataset import Dataset
from harness.evaluate.data.shards import Shard
from harness.evaluate.statistics.scores import Failure
from harness.evaluate.statistics.stopping import StoppingRule

# The classes of an image with the highest scores, best first.
TopClasses = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """A model to evaluate under given conditions: its name, the SHA-256 of its weights, and how to load it.

    `load` raises WeightsFileError or OSError; a cluster pickles it. `label` names the task in progress output. With a
    `rule`, the evaluation stops as soon as that decides. `weights_bytes` is the size of the weights file. `code`
    identifies all code that one of the project's own builders can import, if it made the network.
    """

    model: str
    weights: str
    conditions: Conditions
    load: Callable[[], nn.Module] = field(compare=False)
    label: str = field(compare=False)
    rule: StoppingRule | None = None
    weights_bytes: int = field(default=0, compare=False)
    code: str | None = None


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """Device, precision, number of images (`first`; None for all), and whether to ignore stored results."""

    device: torch.device
    precision: str = "fp32"
    first: int | None = None
    refresh: bool = False
    crop_cache: Path | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """The shards of a dataset to evaluate, in order.

    `pending` returns the tasks that still need a shard; they become fewer while results arrive. `note` shows a message
    to the user.
    """

    dataset: Dataset
    shards: Sequence[Shard]
    settings: EvaluationSettings
    pending: Callable[[Shard], Sequence[EvaluationTask]]
    note: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """For a part of a shard and each task: the top classes of every image, or a failure. And the environment."""

    shard: Shard
    part: slice
    outcomes: Mapping[EvaluationTask, Sequence[TopClasses] | Failure]
    environment: Mapping[str, Any]


class ExecutorError(Exception):
    """The evaluation cannot continue; the message says where and why."""


class Executor(Protocol):
    """Carries out evaluations: on this machine or on a cluster."""

    def find_device(self, name: str, precision: str) -> torch.device:
        """The device with this name. Raises DeviceError if the executor does not have it."""

    def evaluate(self, workload: Workload) -> Iterator[Result]:
        """Evaluate every image of every shard once for each task that needs it, in any order and in any parts.

        Raises ImageError if an image cannot be decoded, ExecutorError or RuntimeError if it cannot continue.
        """


def distinct_geometries(tasks: Iterable[EvaluationTask]) -> tuple[Geometry, ...]:
    """The geometries of the tasks, without duplicates."""
    return tuple(dict.fromkeys(task.conditions.geometry for task in tasks))
