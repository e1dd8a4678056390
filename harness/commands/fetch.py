"""Download of the weights files that pages name, like torch.hub: to a temporary file that is checked first."""

import http.client
import socket
import urllib.error
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from harness.checks.shared.weights import local_path
from harness.index.weights_url import is_relative, weights_file
from harness.measure.checkpoint import sha256
from harness.measure.tensors import WeightsFileError, read_tensors
from harness.project.project import Project
from harness.verdict import Status
from harness.verify.reading import read_claims
from harness.verify.selection import Selection

_SECONDS = 30


@dataclass(frozen=True, slots=True)
class DeclaredWeights:
    """The address of a model's weights, and the folder that it is relative to if it is a path.

    `inside` is false for a path or link that leads out of the project.
    """

    model: str
    address: str
    folder: Path
    inside: bool = True


@dataclass(frozen=True, slots=True)
class Fetched:
    """The result for a model's weights: `pass` if they are available, `not_run` if unavailable, `fail` if wrong."""

    model: str
    status: Status
    message: str


def declared_weights(project: Project, selection: Selection) -> list[DeclaredWeights]:
    """The weights of the selected models. Raises PageError."""
    return [
        DeclaredWeights(
            claim.model,
            claim.declared,
            (project.root / claim.where.file).parent,
            not is_relative(claim.declared) or local_path(project.root, claim.where.file, claim.declared) is not None,
        )
        for claim in read_claims(project)
        if claim.kind == "weights" and claim.model and claim in selection
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
            message = (
                "is beside its page" if exists else "is a path relative to the page, but the project has no such file"
            )
            yield Fetched(model, Status.PASS if exists else Status.NOT_RUN, f"{address} {message}")
            continue
        host = urlsplit(address).netloc
        if host in unreachable:
            yield Fetched(model, Status.NOT_RUN, f"no connection to {host} again; check the network, or a proxy")
            continue
        try:
            yield _fetch(model, address, folder)
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


def _fetch(model: str, address: str, folder: Path) -> Fetched:
    file = weights_file(address, model)
    path = folder / file.name
    if file.name in {"", ".", ".."} or path.is_dir():
        return Fetched(model, Status.FAIL, f"{address} names no file")
    if path.is_file() and (file.digest is None or sha256(path).startswith(file.digest)):
        return Fetched(model, Status.PASS, f"{path} exists already")
    from torch.hub import download_url_to_file

    folder.mkdir(parents=True, exist_ok=True)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS)
    try:
        download_url_to_file(quote(address, safe="/:?#[]@!$&'()*+,;=%"), str(path), file.digest)
    except RuntimeError as error:
        # torch hub raises it if the SHA-256 does not match, and removes the file.
        return Fetched(model, Status.FAIL, f"{address}: {error}")
    finally:
        socket.setdefaulttimeout(before)
    if file.digest:
        return Fetched(model, Status.PASS, f"{path} fetched; its SHA-256 begins with the digits in its name")
    try:
        read_tensors(path)
    except WeightsFileError as error:
        path.unlink()
        return Fetched(model, Status.FAIL, f"{address}: {error}")
    return Fetched(model, Status.PASS, f"{path} fetched; readable, but its name contains no digest to verify")
