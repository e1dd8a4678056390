"""Download of one file within limits: of bytes, and of time without progress."""

import hashlib
import sys
import threading
import urllib.error
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from harness.system.stdout import trusted

_SECONDS = 30
_LEAST_BYTES = 32 * 2**10  # in _SECONDS: about 1 KiB/s, slower than any line that could fetch a model
_CHUNK_BYTES = 2**17
_SCHEMES = ("http://", "https://")


class DownloadSizeError(Exception):
    """The file is larger than expected; the message says what was expected, and the fix."""

    def __init__(self, found: str, most_bytes: int) -> None:
        super().__init__(
            f"expected at most {most_bytes} bytes (twice the declared File Size and 16 MiB, or 16 GiB), got {found}; "
            "correct File Size or the address"
        )


def download(url: str, target: IO[bytes], most_bytes: int) -> str:
    """Download an http or https address to `target`, and return its SHA-256 in hex.

    Redirects may not leave http and https. Raises DownloadSizeError before more than `most_bytes` are written,
    TimeoutError if less than 32 KiB arrive in 30 seconds, ValueError for other addresses, or an exception of urllib.
    """
    if not url.lower().startswith(_SCHEMES):
        raise ValueError("expected an http or https address")
    transfer = _Transfer(url, target, most_bytes)
    # Only a thread can be given up during a slow lookup, slow headers, or a slow line.
    thread = threading.Thread(target=transfer.run, daemon=True)
    thread.start()
    received = 0
    try:
        while thread.is_alive():
            thread.join(_SECONDS)
            if thread.is_alive() and transfer.received < received + _LEAST_BYTES:
                raise TimeoutError(f"timed out: less than {_LEAST_BYTES} bytes arrived in {_SECONDS} seconds")
            received = transfer.received
    finally:
        transfer.stopped = True
    if transfer.error is not None:
        try:
            raise transfer.error
        finally:
            # Its traceback refers to the transfer: the cycle would keep the connection open.
            transfer.error = None
    return transfer.digest


@dataclass(slots=True)
class _Transfer:
    """One transfer, run in a thread; `error` is how it failed."""

    url: str
    target: IO[bytes]
    most_bytes: int
    received: int = 0
    digest: str = ""
    error: Exception | None = None
    stopped: bool = False

    def run(self) -> None:
        """Transfer the file; sets `digest` or `error`."""
        try:
            self._transfer()
        except Exception as error:  # noqa: BLE001 - the thread that waits raises it again
            self.error = error

    def _transfer(self) -> None:
        request = Request(self.url, headers={"User-Agent": "model-card-harness"})  # noqa: S310 - http or https
        from torch.hub import tqdm

        with ExitStack() as stack:
            reply = stack.enter_context(_opener().open(request, timeout=_SECONDS))
            declared = reply.headers.get("Content-Length", "")
            length = int(declared) if declared.isdecimal() and len(declared) < 20 else None
            if length is not None and length > self.most_bytes:
                raise DownloadSizeError(f"{length}", self.most_bytes)
            digest = hashlib.sha256()
            # Shown on a terminal only. It holds numbers, and returns to the start of its line.
            units: dict[str, Any] = {"unit": "B", "unit_scale": True, "unit_divisor": 1024}
            bar = stack.enter_context(tqdm(total=length, file=trusted(sys.stderr), disable=None, **units))
            while chunk := reply.read1(_CHUNK_BYTES):
                if self.stopped:
                    return
                self.received += len(chunk)
                if self.received > self.most_bytes:
                    raise DownloadSizeError("more", self.most_bytes)
                digest.update(chunk)
                bar.update(len(chunk))
                self.target.write(chunk)
            if length is not None and self.received != length:
                raise urllib.error.URLError(f"the file ended after {self.received} of {length} bytes")
            self.digest = digest.hexdigest()


def _opener() -> OpenerDirector:
    """Opens http and https only, also after a redirect; the proxies are those of the environment."""
    opener = OpenerDirector()
    handlers = (
        ProxyHandler, UnknownHandler, HTTPHandler, HTTPSHandler,
        HTTPDefaultErrorHandler, HTTPRedirectHandler, HTTPErrorProcessor,
    )  # fmt: skip
    for handler in handlers:
        opener.add_handler(handler())
    return opener
