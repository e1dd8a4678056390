"""A fixed order of a dataset's images, in fixed shards, so that work can stop anywhere and go on."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from harness.evaluate.data.dataset import Dataset
from harness.evaluate.data.fingerprint import Image

SHARD_SIZE = 1000
# The first are so many tenths of that: what is far off is seen after few images.
_FIRST = (1, 1, 3, 5)
_SEED = "model-card-harness"


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Images that are counted together, and their number among the shards."""

    number: int
    images: tuple[Image, ...]

    def batches(self, size: int) -> Iterator[slice]:
        """Where each batch of at most `size` images lies."""
        return (slice(start, min(start + size, len(self.images))) for start in range(0, len(self.images), size))


def shards(dataset: Dataset, first: int | None = None) -> tuple[Shard, ...]:
    """The dataset in its seeded order, cut up; only the `first` images of that order if a number is given.

    The order is that of a hash of each image's name and class, so it is a random sample at every length, and the
    same on every machine and for every layout of the dataset.
    """
    ordered = sorted(dataset.images, key=_rank)[:first]
    return tuple(Shard(number, tuple(ordered[part])) for number, part in enumerate(_parts(len(ordered))))


def _parts(images: int) -> Iterator[slice]:
    """Where each shard of so many images lies."""
    sizes = chain((SHARD_SIZE * tenths // 10 for tenths in _FIRST), repeat(SHARD_SIZE))
    start = 0
    while start < images:
        end = min(start + next(sizes), images)
        yield slice(start, end)
        start = end


def _rank(image: Image) -> bytes:
    return hashlib.sha256(f"{_SEED}\0{image.name}\0{image.label}".encode()).digest()
