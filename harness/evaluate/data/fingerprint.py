"""What labelled images are, by content, so that a result belongs to exactly these and to no others."""

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.system.files import cache_home, file_stamp, write_atomically

_READERS = 8


@dataclass(frozen=True, slots=True)
class Image:
    """One image: its file's name, its class by number, and the bytes of `path` that hold it.

    Where images lie at a URL, `path` is universal_pathlib's, which fsspec reads.
    """

    name: str
    label: int
    path: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """The encoded image."""
        if _is_remote(self.path):
            # Opened as a file, it would read ahead much more than one image.
            place: Any = self.path
            return bytes(place.fs.cat_file(place.path, self.offset, self.offset + self.size))
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


def fingerprint(images: Sequence[Image]) -> str:
    """A SHA-256 over every image's class, name and content: the same for the same images in any layout."""
    digest = hashlib.sha256()
    for image, content in zip(images, _digests(images), strict=True):
        digest.update(f"{image.label}\0{image.name}\0{content}\n".encode())
    return digest.hexdigest()


def _digests(images: Sequence[Image]) -> list[str]:
    """Each image's SHA-256; kept by path and stamp, but not of those at a URL, which have no such stamp."""
    if not images:
        return []
    if any(_is_remote(image.path) for image in images):
        with ThreadPoolExecutor(_READERS) as readers:
            return list(readers.map(_sha256, images))
    stamps = {path: file_stamp(path.stat()) for path in {image.path for image in images}}
    keys = [f"{image.path.absolute()}:{image.offset}:{image.size}:{stamps[image.path]}" for image in images]
    names = hashlib.sha256("\n".join(sorted(str(path.absolute()) for path in stamps)).encode()).hexdigest()
    kept_in = cache_home() / "images" / f"{names[:32]}.json"
    kept = _kept(kept_in)
    unknown = [place for place, key in enumerate(keys) if key not in kept]
    with ThreadPoolExecutor(_READERS) as readers:
        hashed = dict(zip(unknown, readers.map(lambda place: _sha256(images[place]), unknown), strict=True))
    digests = [hashed.get(place) or kept[key] for place, key in enumerate(keys)]
    if unknown:
        # A cache that cannot be written costs time, nothing else.
        with contextlib.suppress(OSError):
            write_atomically(kept_in, json.dumps(dict(zip(keys, digests, strict=True))).encode())
    return digests


def _is_remote(path: Any) -> bool:
    return not isinstance(path, Path)


def _kept(path: Path) -> Mapping[str, str]:
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _sha256(image: Image) -> str:
    return hashlib.sha256(image.read()).hexdigest()
