"""Loaders of small networks that other processes can be sent, some of which misbehave."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn


class Net(nn.Module):
    """Scores that depend on every pixel of a 16×16 crop."""

    def __init__(self, seed: int, classes: int = 3) -> None:
        super().__init__()
        # Without a bias, which would be drawn anew in every process.
        self.head = nn.Linear(3 * 16 * 16, classes, bias=False, dtype=torch.float32)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.head.weight.normal_(generator=generator)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(images.flatten(1))


class Faulty(Net):
    """Fails as no model of its own fault does."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - it never looks at them
        raise KeyError("a fault of its own")


class Waiting(Net):
    """Leaves its process's number in a folder, and goes on when a file called `go` is there, or fails."""

    def __init__(self, seed: int, folder: Path) -> None:
        super().__init__(seed)
        self.folder = folder

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        (self.folder / str(os.getpid())).touch()
        until = time.monotonic() + 90
        while not (self.folder / "go").exists():
            if time.monotonic() > until:
                raise KeyError("waited in vain")
            time.sleep(0.02)
        return super().forward(images)


@dataclass(frozen=True)
class Made:
    """Makes a network anew wherever it is called."""

    kind: type[Net]
    arguments: tuple[object, ...]
    size: int = 1

    def __call__(self) -> nn.Module:
        return self.kind(*self.arguments)

    def carried(self) -> "Made":
        return self
