"""Download of the weights files that pages name: to a temporary file that is checked first."""

import http.client
import os
import urllib.error
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, urlsplit

from harness.checks.shared.weights import local_path
from harness.commands.download import DownloadSizeError, download
from harness.index.claim import Claim
from harness.index.weights_url import is_relative, weights_file
from harness.measure.checkpoint import sha256
from harness.measure.tensors import read_tensors
from harness.measure.weights_file_error import WeightsFileError
from harness.project.project import Project
from harness.system.files import open_temporary
from harness.verdict import Status
from harness.verify.selection import Selection

# A page may name decimal or binary units, and its File Size may be the error that a fetched file shows.
_SIZE_FACTOR, _MORE_BYTES = 2, 16 * 2**20
_MOST_BYTES = 16 * 2**30  # the largest published image models have less than 12 GiB


@dataclass(frozen=True, slots=True)
class DeclaredWeights:
    """The address of a model's weights, the folder that it is relative to if it is a path, and its File Size in bytes.

    The size is None if the page does not declare it. `inside` is false for a path or link that leads out of the
    project.
    """

    model: str
    address: str
    folder: Path
    size: Decimal | None = None
    inside: bool = True

    @property
    def most_bytes(self) -> int:
        """The most bytes to download: twice the declared size and 16 MiB, and never more than 16 GiB."""
        if self.size is None:
            return _MOST_BYTES
        declared = max(0, int(min(self.size, Decimal(_MOST_BYTES))))
        return min(_SIZE_FACTOR * declared + _MORE_BYTES, _MOST_BYTES)


@dataclass(frozen=True, slots=True)
class Fetched:
    """The result for a model's weights: `pass` if they are available, `not_run` if unavailable, `fail` if wrong."""

    model: str
    status: Status
    message: str


def declared_weights(project: Project, claims: Sequence[Claim], selection: Selection) -> list[DeclaredWeights]:
    """The weights of the selected models, of all claims of the project."""
    sizes = {
        (claim.page, claim.model): claim.number.value for claim in claims if claim.kind == "file_size" and claim.number
    }
    return [
        DeclaredWeights(
            claim.model,
            claim.declared,
            (project.root / claim.where.file).parent,
            sizes.get((claim.page, claim.model)),
            not is_relative(claim.declared) or local_path(project.root, claim.where.file, claim.declared) is not None,
        )
        for claim in claims
        if claim.kind == "weights" and claim.model and claim.fault is None and claim in selection
    ]


def fetch_weights(weights: Iterable[DeclaredWeights], folder: Path) -> Iterator[Fetched]:
    """Download the weights into `folder`, unless they are there already. Files that are named by a path stay in place.

    An unreachable host is not tried again.
    """
    unreachable: set[str] = set()
    for declared in weights:
        model, address = declared.model, declared.address
        if is_relative(address):
            exists = declared.inside and (declared.folder / address).is_file()
            message = "is beside its page" if exists else "is a path relative to the page, but no file of the project"
            yield Fetched(model, Status.PASS if exists else Status.NOT_RUN, f"{address} {message}")
            continue
        host = urlsplit(address).netloc
        if host in unreachable:
            yield Fetched(model, Status.NOT_RUN, f"no connection to {host} again; check the network, or a proxy")
            continue
        try:
            yield _fetch(declared, folder)
        except urllib.error.HTTPError as error:
            yield Fetched(model, Status.NOT_RUN, f"{address}: {error.code} {error.reason}; check the address")
        except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
            unreachable.add(host)
            message = f"no connection to {host}: {getattr(error, 'reason', error)}; check the network, or a proxy"
            yield Fetched(model, Status.NOT_RUN, message)
        except OSError as error:
            message = f"{folder}: {error.strerror or error}; choose another folder with --weights"
            yield Fetched(model, Status.NOT_RUN, message)
        except ValueError as error:
            yield Fetched(model, Status.FAIL, f"{address}: cannot be opened as an address: {error}")


def _fetch(declared: DeclaredWeights, folder: Path) -> Fetched:
    model, address = declared.model, declared.address
    file = weights_file(address, model)
    path = folder / file.name
    if file.name in {"", ".", ".."} or path.is_dir():
        return Fetched(model, Status.FAIL, f"{address} names no file")
    if path.is_file() and (file.digest is None or sha256(path).startswith(file.digest)):
        return Fetched(model, Status.PASS, f"{path} exists already")
    folder.mkdir(parents=True, exist_ok=True)
    partial, handle = open_temporary(folder)
    try:
        with os.fdopen(handle, "wb") as target:
            digest = download(quote(address, safe="/:?#[]@!$&'()*+,;=%"), target, declared.most_bytes)
        if file.digest is None:
            read_tensors(partial)
        elif not digest.startswith(file.digest):
            message = f'invalid SHA-256 (expected "{file.digest}", got "{digest}"); correct the name or the address'
            return Fetched(model, Status.FAIL, f"{address}: {message}")
        partial.replace(path)
    except (WeightsFileError, DownloadSizeError) as error:
        return Fetched(model, Status.FAIL, f"{address}: {error}")
    finally:
        partial.unlink(missing_ok=True)
    if file.digest:
        return Fetched(model, Status.PASS, f"{path} fetched; its SHA-256 begins with the digits in its name")
    return Fetched(model, Status.PASS, f"{path} fetched; readable, but its name contains no digest to verify")
