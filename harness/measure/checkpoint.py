"""A weights file on this machine: torch hub's folder, the file's SHA-256, and whether its tensors fit a network."""

import hashlib
import os
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from harness.measure.tensors import learned_values, read_tensors, state_problems
from harness.measure.weights_file_error import WeightsFileError
from harness.zoo import Network


def torch_hub_folder() -> Path:
    """Torch hub's folder of checkpoints, by the rules of `torch.hub.get_dir`, without loading torch."""
    cache_home = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", f"{cache_home}/torch")
    return Path(os.path.expanduser(home)) / "hub" / "checkpoints"  # noqa: PTH111 - never raises


@cache
def sha256(path: Path) -> str:
    """The SHA-256 of the file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class CheckpointReport:
    """The number of learned values in a weights file, and why its tensors are not the network's state (if so)."""

    learned_values: int
    problems: tuple[str, ...]


@lru_cache(64)
def inspect_checkpoint(path: Path, network: Network) -> CheckpointReport:
    """Compare the tensors in a weights file with the state of `network`."""
    try:
        tensors = read_tensors(path)
    except WeightsFileError as error:
        return CheckpointReport(0, (str(error),))
    return CheckpointReport(learned_values(tensors, network), tuple(state_problems(tensors, network)))
