"""Shards: a dataset in a fixed random order, cut into fixed parts, so that an evaluation can stop and resume."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from harness.evaluate.data.dataset import Dataset
from harness.evaluate.data.images import Image

SHARD_SIZE = 1000
# Sizes of the first shards, in tenths of SHARD_SIZE: a large deviation shows after few images.
_FIRST_SIZES = (1, 1, 3, 5)
_SEED = "model-card-harness"


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Images that are counted together, and the shard's index."""

    number: int
    images: tuple[Image, ...]

    def batches(self, size: int) -> Iterator[slice]:
        """Consecutive slices of at most `size` images."""
        return (slice(start, min(start + size, len(self.images))) for start in range(0, len(self.images), size))


def make_shards(dataset: Dataset, first: int | None = None) -> tuple[Shard, ...]:
    """The shards of a dataset, or of the `first` images of its random order.

    Images are ordered by a hash of name and class. So every prefix is a random sample, and the order is the same on
    every machine and for every layout of the dataset.
    """
    ordered = sorted(dataset.images, key=_rank)[:first]
    return tuple(Shard(number, tuple(ordered[part])) for number, part in enumerate(_slices(len(ordered))))


def _slices(images: int) -> Iterator[slice]:
    sizes = chain((SHARD_SIZE * tenths // 10 for tenths in _FIRST_SIZES), repeat(SHARD_SIZE))
    start = 0
    while start < images:
        end = min(start + next(sizes), images)
        yield slice(start, end)
        start = end


def _rank(image: Image) -> bytes:
    return hashlib.sha256(f"{_SEED}\0{image.name}\0{image.label}".encode()).digest()
