"""A weights file on this machine: where torch hub keeps it, what its SHA-256 is, whether its tensors fit."""

import hashlib
import os
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from harness.measure.tensors import WeightsFileError, learned_values, read_tensors, tensor_faults
from harness.zoo import Network


def torch_hub_folder() -> Path:
    """The folder of torch hub's checkpoints, by the rules of `torch.hub.get_dir`, without loading torch."""
    cache_home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", f"{cache_home}/torch")
    return Path(os.path.expanduser(home)) / "hub" / "checkpoints"  # noqa: PTH111 - never raises


@cache
def sha256(path: Path) -> str:
    """The SHA-256 of the file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a weights file: how many learned values, and what keeps it from being a network's state."""

    learned: int
    faults: tuple[str, ...]


@lru_cache(64)
def contents(path: Path, network: Network) -> Contents:
    """Read the file as the state of `network`."""
    try:
        tensors = read_tensors(path)
    except WeightsFileError as error:
        return Contents(0, (str(error),))
    return Contents(learned_values(tensors, network), tuple(tensor_faults(tensors, network)))
