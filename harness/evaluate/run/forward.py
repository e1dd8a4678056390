"""Forward passes in batches that fit the device's memory: input images to top classes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from harness.evaluate.statistics.scores import TOP_K

if TYPE_CHECKING:
    from torch import nn

_OUT_OF_MEMORY = ("can't allocate memory", "ALLOC_FAILED", "out of memory")


class LogitsError(Exception):
    """The network's output is not one finite score per class."""


@dataclass(slots=True)
class BatchedNetwork:
    """A network on its device. `batch` is the number of images per forward pass, halved when memory runs out."""

    network: "nn.Module"
    batch: int

    def top_classes(self, images: torch.Tensor, classes: int) -> list[list[int]]:
        """For each image of N×3×H×W, the classes with the highest scores, best first.

        Raises LogitsError, and torch.OutOfMemoryError or RuntimeError if not even one image fits in memory.
        """
        logits = self._logits(images)
        if logits.shape != (len(images), classes):
            raise LogitsError(f"expected {classes} scores per image, got the shape {list(logits.shape)}")
        top = logits.topk(min(TOP_K, classes), dim=1).indices
        finite = logits.isfinite().all(dim=1, keepdim=True)
        # One transfer from the device for both.
        rows: list[list[int]] = torch.cat([top, finite.to(top.dtype)], dim=1).tolist()
        if not all(row[-1] for row in rows):
            raise LogitsError("got scores that are NaN or infinite")
        return [row[:-1] for row in rows]

    def _logits(self, images: torch.Tensor) -> torch.Tensor:
        while True:
            try:
                return torch.cat([self.network(part).float() for part in images.split(self.batch)])
            except RuntimeError as error:
                if self.batch == 1 or not _is_out_of_memory(error):
                    raise
            # Outside the handler: the exception's traceback would keep tensors alive.
            self.batch = max(1, min(self.batch, len(images)) // 2)
            if images.is_cuda:
                torch.cuda.empty_cache()


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in _OUT_OF_MEMORY)
