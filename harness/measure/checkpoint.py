"""A weights file on this machine: where torch hub keeps it, how large it is, what its SHA-256 begins with."""

import hashlib
import os
from functools import cache
from pathlib import Path


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
