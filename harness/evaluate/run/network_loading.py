"""A network that holds the tensors of a weights file."""

import copy
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.measure.tensors import WeightsFileError, read_tensors
from harness.zoo import Network

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn


def with_tensors(network: Network, tensors: "Mapping[str, torch.Tensor]") -> "nn.Module":
    """A copy of the network with the tensors of a weights file, by their published names, as its state.

    The tensors are those that `state_problems` finds nothing wrong with.
    """
    module = copy.deepcopy(network.module)
    module.load_state_dict({network.module_name(name): tensor for name, tensor in tensors.items()}, assign=True)
    return module


@dataclass(frozen=True, slots=True)
class FromFile:
    """Loads a network with the tensors of a file that lies here, which has this SHA-256."""

    network: Network
    checkpoint: Path
    sha256: str

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return self.checkpoint.stat().st_size

    def __call__(self) -> "nn.Module":
        """The network. Raises WeightsFileError or OSError."""
        return with_tensors(self.network, read_tensors(self.checkpoint))

    def carried(self) -> "FromBytes":
        """The same with the file's bytes. Raises OSError."""
        return FromBytes(self.network, np.fromfile(self.checkpoint, np.uint8), self.sha256)


@dataclass(frozen=True, slots=True, eq=False)
class FromBytes:
    """Loads a network with the tensors of a file whose bytes travel along; they must have this SHA-256."""

    network: Network
    content: "np.ndarray[Any, np.dtype[np.uint8]]"
    sha256: str

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return len(self.content)

    def __call__(self) -> "nn.Module":
        """The network. Raises WeightsFileError where the bytes are others, or OSError."""
        if (found := hashlib.sha256(self.content).hexdigest()) != self.sha256:
            raise WeightsFileError(
                f"Expected weights of SHA-256 {self.sha256}, got {found}; run again, and leave the file alone."
            )
        with tempfile.NamedTemporaryFile() as file:
            self.content.tofile(file)
            file.flush()
            return with_tensors(self.network, read_tensors(Path(file.name)))

    def carried(self) -> "FromBytes":
        """Itself."""
        return self
