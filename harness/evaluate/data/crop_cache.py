"""Crops kept on disk, so that a later run decodes nothing: for each shard and geometry one file.

A file holds a CRC-32 for each crop, little-endian, then the crops, uint8, height × width × 3 each.
"""

import hashlib
import json
import shutil
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.evaluate.data.conditions import Geometry
from harness.evaluate.data.shards import Shard
from harness.system.files import code_digest, write_atomically

if TYPE_CHECKING:
    import torch

_CHECKSUM_BYTES = 4


@dataclass(frozen=True, slots=True)
class CropCache:
    """The crops of one dataset in a folder. `versions` are those of the libraries that decode and resize."""

    folder: Path
    fingerprint: str
    versions: tuple[str, ...]

    def missing(self, shards: Iterable[Shard], geometries: Iterable[Geometry]) -> int:
        """How many bytes the crops that are not kept yet would take."""
        geometries = tuple(geometries)
        return sum(
            len(shard.images) * (_row_bytes(geometry) + _CHECKSUM_BYTES)
            for shard in shards
            for geometry in geometries
            if not self.has(shard, geometry)
        )

    def free(self) -> int:
        """How many bytes are free where the folder is."""
        existing = next(path for path in (self.folder.absolute(), *self.folder.absolute().parents) if path.exists())
        return shutil.disk_usage(existing).free

    def has(self, shard: Shard, geometry: Geometry) -> bool:
        """Whether the shard's crops are kept, all of them."""
        path = self._path(shard, geometry)
        expected = len(shard.images) * (_row_bytes(geometry) + _CHECKSUM_BYTES)
        return path.is_file() and path.stat().st_size == expected

    def read(self, shard: Shard, part: slice, geometry: Geometry) -> "torch.Tensor | None":
        """Some of a shard's crops, N×side×side×3; None where one is not what was kept, and then all are forgotten."""
        images = len(shard.images)
        path = self._path(shard, geometry)
        with path.open("rb") as file:
            file.seek(_CHECKSUM_BYTES * part.start)
            sums = np.fromfile(file, "<u4", part.stop - part.start)
            file.seek(_CHECKSUM_BYTES * images + _row_bytes(geometry) * part.start)
            crops = shared_crops(len(sums), geometry)
            rows = crops.numpy()
            file.readinto(rows)
        if any(zlib.crc32(row) != kept for row, kept in zip(rows, sums.tolist(), strict=True)):
            path.unlink(missing_ok=True)
            return None
        return crops

    def write(self, shard: Shard, geometry: Geometry, crops: "Sequence[torch.Tensor]") -> None:
        """Keep the crops of a whole shard, given batch by batch. Raises OSError."""
        rows = [batch.numpy() for batch in crops]
        sums = np.array([zlib.crc32(row) for batch in rows for row in batch], "<u4")
        write_atomically(self._path(shard, geometry), sums.tobytes(), *(batch.tobytes() for batch in rows))

    def _path(self, shard: Shard, geometry: Geometry) -> Path:
        about = json.dumps([self.fingerprint, str(geometry), self.versions])
        name = hashlib.sha256(about.encode()).hexdigest()
        return self.folder / name / f"shard-{shard.number:04}-{len(shard.images)}.crops"


def crop_versions(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What crops depend on beside the images: the libraries that decode and resize, and the harness's own code."""
    code = code_digest(*(f"evaluate/data/{name}.py" for name in ("crop_cache", "preprocessing", "shards")))
    return (*(environment[name] for name in ("torchvision", "Pillow", "libjpeg")), code)


def shared_crops(images: int, geometry: Geometry) -> "torch.Tensor":
    """Room for crops where other processes see it, so that none is copied on its way from worker to reader."""
    import torch

    return torch.empty(images, geometry.image_size, geometry.image_size, 3, dtype=torch.uint8).share_memory_()


def _row_bytes(geometry: Geometry) -> int:
    return 3 * geometry.image_size**2
