"""Cache of crops on disk, one file per shard and geometry, so that later runs decode no images.

A file holds the CRC-32 of each crop (little-endian), then the crops: uint8, height × width × 3 each.
"""

import hashlib
import json
import shutil
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from harness.evaluate.data.conditions import Geometry
from harness.evaluate.data.shards import Shard
from harness.system.files import code_digest, write_atomically

# The modules of this package that decide what a crop contains and how it is stored.
CROP_MODULES = tuple(
    f"evaluate/data/{name}.py" for name in ("conditions", "crop_cache", "crops", "preprocessing", "shards")
)
_CHECKSUM_BYTES = 4


@dataclass(frozen=True, slots=True)
class CropCache:
    """The cached crops of one dataset. `versions` are those of the code that decodes and resizes."""

    folder: Path
    fingerprint: str
    versions: tuple[str, ...]

    def missing_bytes(self, shards: Iterable[Shard], geometries: Iterable[Geometry]) -> int:
        """The size of the crops that are not cached yet."""
        geometries = tuple(geometries)
        return sum(
            _file_bytes(shard, geometry) for shard in shards for geometry in geometries if not self.has(shard, geometry)
        )

    def free_bytes(self) -> int:
        """The free disk space at the cache's folder."""
        existing = next(path for path in (self.folder.absolute(), *self.folder.absolute().parents) if path.exists())
        return shutil.disk_usage(existing).free

    def has(self, shard: Shard, geometry: Geometry) -> bool:
        """Whether all crops of the shard are cached."""
        path = self._path(shard, geometry)
        return path.is_file() and path.stat().st_size == _file_bytes(shard, geometry)

    def read(self, shard: Shard, part: slice, geometry: Geometry) -> torch.Tensor | None:
        """A part of a shard's crops, N×side×side×3; None if they are not cached.

        A file with a wrong checksum is deleted.
        """
        if not self.has(shard, geometry):
            return None
        path = self._path(shard, geometry)
        with path.open("rb") as file:
            file.seek(_CHECKSUM_BYTES * part.start)
            checksums = np.fromfile(file, "<u4", part.stop - part.start)
            file.seek(_CHECKSUM_BYTES * len(shard.images) + _crop_bytes(geometry) * part.start)
            crops = allocate_crops(len(checksums), geometry)
            rows = crops.numpy()
            file.readinto(rows)
        if any(zlib.crc32(row) != checksum for row, checksum in zip(rows, checksums.tolist(), strict=True)):
            path.unlink(missing_ok=True)
            return None
        return crops

    def write(self, shard: Shard, geometry: Geometry, batches: Sequence[torch.Tensor]) -> None:
        """Store all crops of a shard, given batch by batch. Raises OSError."""
        arrays = [batch.numpy() for batch in batches]
        checksums = np.array([zlib.crc32(row) for array in arrays for row in array], "<u4")
        write_atomically(self._path(shard, geometry), checksums.tobytes(), *(array.tobytes() for array in arrays))

    def _path(self, shard: Shard, geometry: Geometry) -> Path:
        key = json.dumps([self.fingerprint, str(geometry), self.versions])
        name = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / name / f"shard-{shard.number:04}-{len(shard.images)}.crops"


def crop_versions(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The versions that crops depend on: the libraries that decode and resize, and this package's own code."""
    libraries = (environment[name] for name in ("torchvision", "Pillow", "libjpeg"))
    return (*libraries, code_digest(*CROP_MODULES))


def allocate_crops(images: int, geometry: Geometry) -> torch.Tensor:
    """An uninitialised tensor for crops in shared memory, so that workers pass crops on without copying them."""
    return torch.empty(images, geometry.image_size, geometry.image_size, 3, dtype=torch.uint8).share_memory_()


def _file_bytes(shard: Shard, geometry: Geometry) -> int:
    return len(shard.images) * (_crop_bytes(geometry) + _CHECKSUM_BYTES)


def _crop_bytes(geometry: Geometry) -> int:
    return 3 * geometry.image_size**2
