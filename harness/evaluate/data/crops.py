"""Images to batches of crops: each image read, decoded and cropped once for every geometry that wants it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.utils.data import DataLoader, Dataset

from harness.evaluate.data.conditions import Geometry
from harness.evaluate.data.crop_cache import CropCache, shared_crops
from harness.evaluate.data.preprocessing import ImageError, crop, decode
from harness.evaluate.data.shards import Shard

if TYPE_CHECKING:
    from harness.evaluate.data.fingerprint import Image

# Below that, starting workers takes longer than they save.
_FEW = 1000


@dataclass(frozen=True, slots=True)
class Batch:
    """Some images of a shard and the geometries in which they are wanted."""

    shard: Shard
    part: slice
    geometries: tuple[Geometry, ...]

    @property
    def images(self) -> "tuple[Image, ...]":
        """The images of the batch."""
        return self.shard.images[self.part]


Crops = Mapping[Geometry, torch.Tensor]


def load_crops(batches: Sequence[Batch], cache: CropCache | None, workers: int, *, pin_memory: bool) -> Iterator[Crops]:
    """The crops of each batch in turn, uint8, N×side×side×3. Raises ImageError naming a file that does not decode."""
    images = sum(len(batch.images) for batch in batches)
    loader = DataLoader(
        _Batches(batches, cache),
        batch_size=None,
        num_workers=workers if images > _FEW else 0,
        pin_memory=pin_memory,
    )
    for crops in loader:
        if isinstance(crops, str):
            raise ImageError(crops)
        yield crops


class _Batches(Dataset[Crops | str]):
    """An item is a batch's crops; or, where an image does not decode, which and why.

    What a worker raises would reach the reader as a traceback in a traceback.
    """

    def __init__(self, batches: Sequence[Batch], cache: CropCache | None) -> None:
        self.batches = batches
        self.cache = cache

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, place: int) -> Crops | str:
        batch = self.batches[place]
        kept = {geometry: self._kept(batch, geometry) for geometry in batch.geometries}
        here = {geometry: crops for geometry, crops in kept.items() if crops is not None}
        made = decoded_crops(batch, [geometry for geometry in batch.geometries if geometry not in here])
        return made if isinstance(made, str) else here | made

    def _kept(self, batch: Batch, geometry: Geometry) -> torch.Tensor | None:
        if self.cache is None or not self.cache.has(batch.shard, geometry):
            return None
        return self.cache.read(batch.shard, batch.part, geometry)


def decoded_crops(batch: Batch, wanted: Sequence[Geometry]) -> dict[Geometry, torch.Tensor] | str:
    """The crops of a batch in the geometries that are wanted; or, where an image does not decode, which and why."""
    made = {geometry: shared_crops(len(batch.images), geometry) for geometry in wanted}
    rows = {geometry: crops.numpy() for geometry, crops in made.items()}
    for number, image in enumerate(batch.images if wanted else ()):
        try:
            decoded = decode(image.read())
            for geometry in wanted:
                rows[geometry][number] = crop(decoded, geometry)
        except ImageError as error:
            return f"{image.name} does not decode: {error}"
        except OSError as error:
            return f"{image.name} cannot be read: {error.strerror}"
    return made
