"""What an evaluation asks of whoever evaluates: shards of images, the models that want them, and their results."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.data.dataset import Dataset
from harness.evaluate.data.shards import Shard
from harness.evaluate.statistics.scores import Failure
from harness.evaluate.statistics.stopping import StoppingRule

if TYPE_CHECKING:
    import torch
    from torch import nn

# An image's first classes, the one with the highest score first.
Ranked = tuple[int, ...]


class Loader(Protocol):
    """Loads a network that holds the tensors of a weights file."""

    @property
    def size(self) -> int:
        """How many bytes the file has."""

    def __call__(self) -> "nn.Module":
        """The network. Raises WeightsFileError or OSError."""

    def carried(self) -> "Loader":
        """A loader that has the file's bytes with it, for a machine without the file. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A model under conditions: its name, the SHA-256 of its weights, and how to get the network that holds them.

    `label` is what progress calls it. Where there is a `rule`, it is evaluated only until that is sure. `code` is the
    SHA-256 of the project's Python files if a builder of its own made the network.
    """

    model: str
    weights: str
    conditions: Conditions
    load: Loader = field(compare=False)
    label: str = field(compare=False)
    rule: StoppingRule | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """How to evaluate: device and precision, how many images (None for all), and whether kept results count."""

    device: "torch.device"
    precision: str = "fp32"
    first: int | None = None
    refresh: bool = False
    crop_cache: Path | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """Shards of a dataset's images, in the order in which they are wanted.

    `wanting` says which entrants a shard is still to be evaluated for; they become fewer while results come in.
    `tell` shows a reader something at once.
    """

    dataset: Dataset
    shards: Sequence[Shard]
    settings: EvaluationSettings
    wanting: Callable[[Shard], Sequence[Entrant]]
    tell: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """The first classes of some of a shard's images by each entrant, or why it failed; and what that ran on."""

    shard: Shard
    part: slice
    outcomes: Mapping[Entrant, Sequence[Ranked] | Failure]
    environment: Mapping[str, Any]


class ExecutorError(Exception):
    """The evaluation cannot go on; the message names what of it, and why."""


class Executor(Protocol):
    """Whoever evaluates: this machine, or a cluster."""

    def find_device(self, name: str, precision: str) -> "torch.device":
        """The device called so, as far as it is the executor's to choose. Raises DeviceError where it is not here."""

    def evaluate(self, work: Work) -> Iterator[Result]:
        """Every image of every shard once for each entrant that wants it, in any order and in any parts.

        Raises ImageError where an image does not decode, ExecutorError or RuntimeError where it cannot go on.
        """


def geometries(entrants: Sequence[Entrant]) -> tuple[Geometry, ...]:
    """The geometries that some of the entrants want."""
    return tuple(dict.fromkeys(entrant.conditions.geometry for entrant in entrants))
