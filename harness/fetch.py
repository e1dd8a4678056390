"""Weights files that pages name, downloaded as torch hub does it: beside the place first, checked, then put there."""

import http.client
import socket
import urllib.error
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from harness.index.weights_url import is_relative, weights_file
from harness.measure.checkpoint import sha256
from harness.verdict import Status

_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of a model's weights: `pass` if they are here now, `not_run` if they cannot be had, `fail` if wrong."""

    model: str
    status: Status
    told: str


def fetch_weights(named: Iterable[tuple[str, str]], folder: Path) -> Iterator[Fetched]:
    """Fetch what each model names into `folder`, unless it is there. A host that does not answer is asked once."""
    silent: dict[str, str] = {}
    for model, address in named:
        host = urlsplit(address).netloc
        if is_relative(address):
            yield Fetched(model, Status.PASS, f"{address} lies beside its page")
        elif host in silent:
            yield Fetched(model, Status.NOT_RUN, f"no connection to {host}, as before; check the network, or a proxy")
        else:
            try:
                yield _fetch(model, address, folder)
            except urllib.error.HTTPError as error:
                yield Fetched(model, Status.NOT_RUN, f"{address}: {error.code} {error.reason}; check the address")
            except (OSError, http.client.HTTPException) as error:
                silent[host] = str(error)
                told = f"no connection to {host}: {getattr(error, 'reason', error)}; check the network, or a proxy"
                yield Fetched(model, Status.NOT_RUN, told)


def _fetch(model: str, address: str, folder: Path) -> Fetched:
    file = weights_file(address, model)
    path = folder / file.name
    if not file.name or path.parent != folder:
        return Fetched(model, Status.FAIL, f"{address} names no file")
    if path.is_file() and (file.digest is None or sha256(path).startswith(file.digest)):
        return Fetched(model, Status.PASS, f"{path} is here")
    from torch.hub import download_url_to_file

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Fetched(model, Status.NOT_RUN, f"{folder}: {error.strerror}; name a folder with --weights")
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS)
    try:
        download_url_to_file(address, str(path), file.digest)
    except RuntimeError as error:
        # What torch hub raises where the digits are not those of the file, which it then leaves away.
        return Fetched(model, Status.FAIL, f"{address}: {error}")
    finally:
        socket.setdefaulttimeout(before)
    checked = "its SHA-256 begins as its name says" if file.digest else "its name carries no digits to check it by"
    return Fetched(model, Status.PASS, f"{path} fetched; {checked}")
