"""Crops through a network to each image's first classes, in batches that the device's memory holds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from harness.evaluate.statistics.scores import FIRST

if TYPE_CHECKING:
    from torch import nn


class LogitsError(Exception):
    """Scores that are no numbers, or are not one a class."""


@dataclass(slots=True)
class Runner:
    """A network on its device. `batch` is how many images it is given at once, and shrinks where memory ends."""

    network: "nn.Module"
    batch: int

    def first_classes(self, images: torch.Tensor, classes: int) -> list[list[int]]:
        """For each of the images, N×3×H×W, the classes with the highest scores, the highest first.

        Raises LogitsError, and torch.OutOfMemoryError or RuntimeError where not even one image fits.
        """
        logits = self._logits(images)
        if logits.shape != (len(images), classes):
            raise LogitsError(f"expected {classes} scores an image, got the shape {list(logits.shape)}")
        ranked = logits.topk(min(FIRST, classes), dim=1).indices
        finite = logits.isfinite().all(dim=1, keepdim=True)
        # One transfer from the device for both.
        rows: list[list[int]] = torch.cat([ranked, finite.to(ranked.dtype)], dim=1).tolist()
        if not all(row[-1] for row in rows):
            raise LogitsError("got scores that are NaN or infinite")
        return [row[:-1] for row in rows]

    def _logits(self, images: torch.Tensor) -> torch.Tensor:
        while True:
            try:
                parts = [self.network(part).float() for part in images.split(self.batch)]
                return torch.cat(parts)
            except RuntimeError as error:
                if self.batch == 1 or not _is_out_of_memory(error):
                    raise
            # Out of the handler, so that the exception's traceback holds no tensors any more.
            self.batch = max(1, min(self.batch, len(images)) // 2)
            if images.is_cuda:
                torch.cuda.empty_cache()


def _is_out_of_memory(error: RuntimeError) -> bool:
    told = ("can't allocate memory", "ALLOC_FAILED", "out of memory")
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in told)
