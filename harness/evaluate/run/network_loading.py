"""Loaders of networks with the tensors of a weights file."""

import copy
import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.measure.tensors import read_tensors
from harness.measure.weights_file_error import WeightsFileError
from harness.zoo import Network

if TYPE_CHECKING:
    import torch
    from torch import nn


def with_tensors(network: Network, tensors: Mapping[str, "torch.Tensor"]) -> "nn.Module":
    """A copy of the network with the tensors of a weights file, by their published names, as its state.

    `state_problems` must have found no problem with the tensors.
    """
    module = copy.deepcopy(network.module)
    module.load_state_dict({network.module_name(name): tensor for name, tensor in tensors.items()}, assign=True)
    return module


@dataclass(frozen=True, slots=True)
class FileLoader:
    """Loads a network with the tensors of a file on this machine, which has this SHA-256.

    Pickling reads the file: a copy in another process loads from its content.
    """

    network: Network
    checkpoint: Path
    sha256: str

    def __call__(self) -> "nn.Module":
        """The network. Raises WeightsFileError or OSError."""
        return with_tensors(self.network, read_tensors(self.checkpoint))

    def __reduce__(self) -> tuple[Any, ...]:
        return _ContentLoader, (self.network, np.fromfile(self.checkpoint, np.uint8), self.sha256)


@dataclass(frozen=True, slots=True, eq=False)
class _ContentLoader:
    """Loads a network from the content of a weights file, which must have this SHA-256."""

    network: Network
    content: "np.ndarray[Any, np.dtype[np.uint8]]"
    sha256: str

    def __call__(self) -> "nn.Module":
        if (actual := hashlib.sha256(self.content).hexdigest()) != self.sha256:
            raise WeightsFileError(
                f"Expected weights with SHA-256 {self.sha256}, got {actual}; the file changed, run again."
            )
        with tempfile.NamedTemporaryFile() as file:
            self.content.tofile(file)
            file.flush()
            return with_tensors(self.network, read_tensors(Path(file.name)))
