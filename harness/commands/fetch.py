"""Download of the weights files that pages name, as torch hub does it: to a temporary file that is checked first."""

import http.client
import socket
import urllib.error
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from harness.index.weights_url import is_relative, weights_file
from harness.measure.checkpoint import sha256
from harness.measure.tensors import WeightsFileError, read_tensors
from harness.project.project import Project
from harness.verdict import Status
from harness.verify.reading import read_claims

_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Fetched:
    """The result for a model's weights: `pass` if they are here now, `not_run` if unavailable, `fail` if wrong."""

    model: str
    status: Status
    message: str


def named_weights(project: Project) -> list[tuple[str, str, Path]]:
    """Each model that names weights, what it names, and the folder that a path starts from. Raises PageError."""
    weights = (claim for claim in read_claims(project) if claim.kind == "weights")
    return [(claim.model, claim.declared, (project.root / claim.where.file).parent) for claim in weights if claim.model]


def fetch_weights(named: Iterable[tuple[str, str, Path]], folder: Path) -> Iterator[Fetched]:
    """Download what each model names into `folder`, unless it is there, or in place if it is named by a path.

    A host that does not answer is asked once.
    """
    unreachable: set[str] = set()
    for model, address, beside in named:
        if is_relative(address):
            there = (beside / address).is_file()
            message = "is here, beside its page" if there else "is named by a path from the page and is not there"
            yield Fetched(model, Status.PASS if there else Status.NOT_RUN, f"{address} {message}")
            continue
        host = urlsplit(address).netloc
        if host in unreachable:
            yield Fetched(model, Status.NOT_RUN, f"no connection to {host}, as before; check the network, or a proxy")
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
            message = f"{folder}: {error.strerror or error}; name another folder with --weights"
            yield Fetched(model, Status.NOT_RUN, message)
        except ValueError as error:
            yield Fetched(model, Status.FAIL, f"{address}: cannot be opened as an address: {error}")


def _fetch(model: str, address: str, folder: Path) -> Fetched:
    file = weights_file(address, model)
    path = folder / file.name
    if file.name in {"", ".", ".."} or path.is_dir():
        return Fetched(model, Status.FAIL, f"{address} names no file")
    if path.is_file() and (file.digest is None or sha256(path).startswith(file.digest)):
        return Fetched(model, Status.PASS, f"{path} is here")
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
    return Fetched(model, Status.PASS, f"{path} fetched; it can be read, but its name has no digits to check it by")
