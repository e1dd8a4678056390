"""Images to batches of crops: each image is decoded once and cropped for every geometry that needs it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.utils.data import DataLoader, Dataset

from harness.evaluate.data.conditions import Geometry
from harness.evaluate.data.crop_cache import CropCache, allocate_crops
from harness.evaluate.data.images import Image
from harness.evaluate.data.preprocessing import ImageError, crop, decode
from harness.evaluate.data.shards import Shard

# With fewer images, starting worker processes takes longer than they save.
_MIN_IMAGES_FOR_WORKERS = 1000

Crops = Mapping[Geometry, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Batch:
    """A part of a shard's images, and the geometries to crop them to."""

    shard: Shard
    part: slice
    geometries: tuple[Geometry, ...]

    @property
    def images(self) -> tuple[Image, ...]:
        """The images of the batch."""
        return self.shard.images[self.part]


def load_crops(batches: Sequence[Batch], cache: CropCache | None, workers: int, *, pin_memory: bool) -> Iterator[Crops]:
    """The crops of each batch in turn, uint8, N×side×side×3. Raises ImageError with the name of an unreadable file."""
    images = sum(len(batch.images) for batch in batches)
    loader = DataLoader(
        _CropDataset(batches, cache),
        batch_size=None,
        num_workers=workers if images > _MIN_IMAGES_FOR_WORKERS else 0,
        pin_memory=pin_memory,
    )
    for crops in loader:
        if isinstance(crops, str):
            raise ImageError(crops)
        yield crops


class _CropDataset(Dataset[Crops | str]):
    """The crops of each batch, or an error message.

    An exception raised in a DataLoader worker would reach the user as a nested traceback.
    """

    def __init__(self, batches: Sequence[Batch], cache: CropCache | None) -> None:
        self.batches = batches
        self.cache = cache

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Crops | str:
        batch = self.batches[index]
        cached = {}
        if self.cache:
            read = {geometry: self.cache.read(batch.shard, batch.part, geometry) for geometry in batch.geometries}
            cached = {geometry: crops for geometry, crops in read.items() if crops is not None}
        decoded = decode_crops(batch, [geometry for geometry in batch.geometries if geometry not in cached])
        return decoded if isinstance(decoded, str) else cached | decoded


def decode_crops(batch: Batch, geometries: Sequence[Geometry]) -> dict[Geometry, torch.Tensor] | str:
    """The crops of a batch in each geometry, or an error message that names the image that cannot be read."""
    crops = {geometry: allocate_crops(len(batch.images), geometry) for geometry in geometries}
    rows = {geometry: tensor.numpy() for geometry, tensor in crops.items()}
    for index, image in enumerate(batch.images if geometries else ()):
        try:
            decoded = decode(image.read())
            for geometry in geometries:
                rows[geometry][index] = crop(decoded, geometry)
        except ImageError as error:
            return f"{image.name} cannot be decoded: {error}"
        except OSError as error:
            return f"{image.name} cannot be read: {error.strerror}"
    return crops
