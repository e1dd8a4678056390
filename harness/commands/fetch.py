"""Weights files that pages name, downloaded as torch hub does it: beside the place first, checked, then put there."""

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
from harness.verdict import Status

_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of a model's weights: `pass` if they are here now, `not_run` if they cannot be had, `fail` if wrong."""

    model: str
    status: Status
    told: str


def fetch_weights(named: Iterable[tuple[str, str, Path]], folder: Path) -> Iterator[Fetched]:
    """Fetch what each model names into `folder`, unless it is there, or in the page's own folder where it is named so.

    A host that does not answer is asked once.
    """
    silent: set[str] = set()
    for model, address, beside in named:
        if is_relative(address):
            there = (beside / address).is_file()
            told = "is here, beside its page" if there else "is named by its path from the page, and not there"
            yield Fetched(model, Status.PASS if there else Status.NOT_RUN, f"{address} {told}")
            continue
        host = urlsplit(address).netloc
        if host in silent:
            yield Fetched(model, Status.NOT_RUN, f"no connection to {host}, as before; check the network, or a proxy")
            continue
        try:
            yield _fetch(model, address, folder)
        except urllib.error.HTTPError as error:
            yield Fetched(model, Status.NOT_RUN, f"{address}: {error.code} {error.reason}; check the address")
        except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
            silent.add(host)
            told = f"no connection to {host}: {getattr(error, 'reason', error)}; check the network, or a proxy"
            yield Fetched(model, Status.NOT_RUN, told)
        except OSError as error:
            told = f"{folder}: {error.strerror or error}; name another folder with --weights"
            yield Fetched(model, Status.NOT_RUN, told)
        except ValueError as error:
            yield Fetched(model, Status.FAIL, f"{address}: no address that can be opened: {error}")


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
        # What torch hub raises where the digits are not those of the file, which it then leaves away.
        return Fetched(model, Status.FAIL, f"{address}: {error}")
    finally:
        socket.setdefaulttimeout(before)
    if file.digest:
        return Fetched(model, Status.PASS, f"{path} fetched; its SHA-256 begins as its name says")
    try:
        read_tensors(path)
    except WeightsFileError as error:
        path.unlink()
        return Fetched(model, Status.FAIL, f"{address}: {error}")
    return Fetched(model, Status.PASS, f"{path} fetched; its name carries no digits to check it by, but it can be read")
