"""Images on disk or at a URL, and the fingerprint of a set of labelled images."""

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.system.cache_folder import cache_home
from harness.system.files import file_stamp, write_atomically

_READER_THREADS = 8


@dataclass(frozen=True, slots=True)
class Image:
    """One image: its file name, its class index, and the range of bytes that holds it in the file `path`.

    `path` is absolute, so that it means the same on every node of a cluster. For images at a URL, it is a UPath of
    universal-pathlib, which reads through fsspec.
    """

    name: str
    label: int
    path: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """The encoded image."""
        if _is_remote(self.path):
            # An opened remote file would read ahead far beyond one image.
            remote: Any = self.path
            return bytes(remote.fs.cat_file(remote.path, self.offset, self.offset + self.size))
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


def fingerprint(images: Sequence[Image]) -> str:
    """SHA-256 over the class, name and content of every image: the same for the same images in any layout."""
    digest = hashlib.sha256()
    for image, content in zip(images, _content_digests(images), strict=True):
        digest.update(f"{image.label}\0{image.name}\0{content}\n".encode())
    return digest.hexdigest()


def _content_digests(images: Sequence[Image]) -> list[str]:
    """The SHA-256 of each image. Cached by path and file stamp; not cached for a URL, which has no stamp."""
    if not images:
        return []
    if any(_is_remote(image.path) for image in images):
        return _hash_all(images)
    stamps = {path: file_stamp(path.stat()) for path in {image.path for image in images}}
    keys = [f"{image.path}:{image.offset}:{image.size}:{stamps[image.path]}" for image in images]
    paths = "\n".join(sorted(map(str, stamps)))
    cache_file = cache_home() / "images" / f"{hashlib.sha256(paths.encode()).hexdigest()[:32]}.json"
    cached = _read_cache(cache_file)
    unknown = {key: image for key, image in zip(keys, images, strict=True) if key not in cached}
    hashed = dict(zip(unknown, _hash_all(list(unknown.values())), strict=True))
    digests = {key: hashed.get(key) or cached[key] for key in keys}
    if unknown:
        # A cache that cannot be written only costs time.
        with contextlib.suppress(OSError):
            write_atomically(cache_file, json.dumps(digests).encode())
    return [digests[key] for key in keys]


def _is_remote(path: Any) -> bool:
    return not isinstance(path, Path)


def _read_cache(path: Path) -> Mapping[str, str]:
    try:
        cached = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return cached if isinstance(cached, dict) else {}


def _hash_all(images: Sequence[Image]) -> list[str]:
    with ThreadPoolExecutor(_READER_THREADS) as threads:
        return list(threads.map(lambda image: hashlib.sha256(image.read()).hexdigest(), images))
