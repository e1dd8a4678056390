"""Picklable loaders of small networks, some of which fail or wait."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn


class Net(nn.Module):
    """Scores depend on every pixel of a 16×16 crop."""

    def __init__(self, seed: int, classes: int = 3) -> None:
        super().__init__()
        # Without a bias: its random values would differ between processes.
        self.head = nn.Linear(3 * 16 * 16, classes, bias=False, dtype=torch.float32)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.head.weight.normal_(generator=generator)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(images.flatten(1))


class Faulty(Net):
    """Raises an unexpected error."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - fails before it uses them
        raise KeyError("unexpected")


class Waiting(Net):
    """Writes a file named after its process to a folder, then waits for a file named `go` there."""

    def __init__(self, seed: int, folder: Path) -> None:
        super().__init__(seed)
        self.folder = folder

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        (self.folder / str(os.getpid())).touch()
        deadline = time.monotonic() + 90
        while not (self.folder / "go").exists():
            if time.monotonic() > deadline:
                raise TimeoutError("no file named go")
            time.sleep(0.02)
        return super().forward(images)


@dataclass(frozen=True)
class NetLoader:
    """Creates a new network on every call."""

    kind: type[Net]
    arguments: tuple[object, ...]

    def __call__(self) -> nn.Module:
        return self.kind(*self.arguments)
