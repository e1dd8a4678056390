"""Where the weights file of a model is on this machine, and whether it is the right one."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.index.entries import Entry, Index
from harness.index.weights_url import is_relative
from harness.measure.checkpoint import sha256
from harness.system.files import leads_inside
from harness.verdict import NotHereError


@dataclass(frozen=True, slots=True)
class WeightsAddress:
    """What a page names as a model's weights: a URL, or a path from the file that names it.

    `identity` is equal for two spellings of one address. `parts` are the folders and the file name. `beside` is the
    path on this machine that a relative address means; None for a URL, and for a path or link that `leads_out` of the
    project.
    """

    identity: str
    parts: tuple[str, ...]
    beside: Path | None = None
    leads_out: bool = False

    def files(self, folder: Path | None) -> Iterator[Path]:
        """Existing files that the address may mean: beside its page, then below `folder`, longest path first."""
        paths = [folder.joinpath(*self.parts[start:]) for start in range(len(self.parts))] if folder else []
        return (path for path in [*([self.beside] if self.beside else []), *paths] if path.is_file())


def weights_address(entry: Entry, root: Path | None) -> WeightsAddress | None:
    """The address of an entry's weights; None if it names none. `root` is the project's folder."""
    value = entry.value("weights")
    if value is None:
        return None
    url = urlsplit(value.raw)
    relative = is_relative(value.raw)
    path = value.raw if relative else unquote(url.path)
    parts = tuple(part for part in path.split("/") if part not in {"", ".", ".."})
    if not relative:
        return WeightsAddress(url.netloc + url.path, parts)
    beside = posixpath.join(posixpath.dirname(value.where.file), path)
    local = None if root is None else local_path(root, value.where.file, path)
    return WeightsAddress(posixpath.normpath(beside), parts, local, leads_out=root is not None and local is None)


def local_path(root: Path, file: str, address: str) -> Path | None:
    """The file that a relative address in `file` names; None if it is not in the project, with links followed."""
    path = root / posixpath.dirname(file) / address
    # The root of a page outside the project is its own folder.
    return path if leads_inside(path, (root / file).parent if file.startswith(("/", "..")) else root) else None


@lru_cache(maxsize=4)
def addresses_by_file_name(pages: tuple[Index, ...], root: Path | None) -> dict[str, tuple[WeightsAddress, ...]]:
    """All weights addresses of the pages by file name."""
    by_name: dict[str, dict[str, WeightsAddress]] = {}
    for index in pages:
        for entry in index.models.values():
            address = weights_address(entry, root)
            if address and address.parts:
                by_name.setdefault(address.parts[-1], {})[address.identity] = address
    return {name: tuple(addresses.values()) for name, addresses in by_name.items()}


@dataclass(frozen=True, slots=True)
class LocalWeights:
    """The weights file of one model on this machine.

    `digests` are the known beginnings of its SHA-256: from its name, from the lock, or none. `folder` is the weights
    folder. `others` are the other addresses of the run with the same file name: without a digest, a file that two
    addresses lead to counts as neither's.
    """

    address: WeightsAddress | None
    digests: tuple[str, ...]
    folder: Path | None
    others: tuple[WeightsAddress, ...] = ()

    @property
    def path(self) -> Path | None:
        """The file that the address leads to, whatever its content; None if there is none."""
        files = self._files
        if len(files) == 1 and not self._is_shared(files[0]):
            return files[0]
        return self.verified or next((file for file in files[:1] if not self._is_shared(file)), None)

    @property
    def verified(self) -> Path | None:
        """The file whose SHA-256 is the known one; None if no file has it, or no digest is known."""
        if not self.digests:
            return None
        return next((file for file in self._files if all(map(sha256(file).startswith, self.digests))), None)

    @property
    def usable(self) -> Path:
        """The file, unless a known digest contradicts it. Raises NotHereError."""
        path = self.path
        if path is None:
            raise self.missing
        if self.digests and path != self.verified:
            missing = f"the SHA-256 of {path.name} does not match the digest in its name or in weights.lock"
            raise NotHereError(missing, "verify fetch, or see the verdict on weights")
        return path

    @property
    def in_folder(self) -> bool:
        """Whether the address leads to a file in the weights folder, and to none beside its page."""
        return bool(self._files) and self._files[0] != (self.address and self.address.beside)

    @property
    def contested(self) -> bool:
        """Whether there is a file, but another address leads to it as well and no digest tells whose it is."""
        return self.path is None and bool(self._files)

    @property
    def missing(self) -> NotHereError:
        """Why `path` is None."""
        if self.address and self.contested:
            name, path = self.address.parts[-1], "/".join(self._distinct_parts(self.address))
            missing = f"several models name a file {name} at different addresses, and the weights folder has only one"
            return NotHereError(missing, f"save this model's file as {path} below the weights folder")
        if self.address and self.address.leads_out:
            missing = "the path of the weights file leads out of the project"
            return NotHereError(missing, "move the file into the project, or name its URL")
        return NotHereError("the weights file is not on this machine", "verify fetch, or --weights DIR with the file")

    @property
    def _files(self) -> tuple[Path, ...]:
        return tuple(self.address.files(self.folder)) if self.address else ()

    def _is_shared(self, file: Path) -> bool:
        """Whether another address leads to this file as well."""
        beside = self.address and self.address.beside
        return file != beside and any(next(other.files(self.folder), None) == file for other in self.others)

    def _distinct_parts(self, address: WeightsAddress) -> tuple[str, ...]:
        """The shortest end of the path that no other address has."""
        others = [other.parts for other in self.others]
        ends = (address.parts[-length:] for length in range(1, len(address.parts)))
        return next((end for end in ends if all(parts[-len(end) :] != end for parts in others)), address.parts)
