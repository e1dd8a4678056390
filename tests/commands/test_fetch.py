"""`verify fetch`: files are downloaded completely and verified, or a message says why not."""

import contextlib
import hashlib
import io
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.commands import download
from harness.commands.fetch import DeclaredWeights, Fetched, fetch_weights
from harness.index.faults import escape_controls_in_lines
from harness.system.stdout import EscapedStream
from harness.verdict import Status

Verify = Callable[..., subprocess.CompletedProcess[str]]
LARGE = 10**9
DATA = b"weights" * 1000
DIGITS = hashlib.sha256(DATA).hexdigest()[:8]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if "missing" in self.path:
            self.send_error(404)
            return
        if "moved" in self.path:
            self.send_response(302)
            self.send_header("Location", "ftp://127.0.0.1/model.pth" if "ftp" in self.path else "file:///dev/zero")
            self.end_headers()
            return
        self.send_response(200)
        if "endless" not in self.path and "slow" not in self.path:
            self.send_header("Content-Length", str(LARGE if "large" in self.path else len(DATA)))
        self.end_headers()
        if "large" in self.path or "broken" in self.path or "short" in self.path:
            self.wfile.write(DATA[:100])
            return
        # A client that hangs up ends the endless reply.
        with contextlib.suppress(OSError):
            self.wfile.write(DATA)
            while "endless" in self.path:
                self.wfile.write(bytes(2**20))
            while "slow" in self.path:
                self.wfile.write(b"1")
                time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        """Print no log."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def _fetch_one(address: str, folder: Path) -> Fetched:
    (found,) = fetch_weights([DeclaredWeights("model", address, folder)], folder)
    return found


def test_a_file_is_fetched_once_and_found_again(server: str, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    found = _fetch_one(f"{server}/a/model-{DIGITS}.pth", folder)
    assert found.status is Status.PASS, found.message
    path = folder / f"model-{DIGITS}.pth"
    assert path.read_bytes() == DATA
    before = path.stat().st_mtime_ns
    assert "exists already" in _fetch_one(f"{server}/a/model-{DIGITS}.pth", folder).message
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
def test_the_umask_decides_who_may_read_a_fetched_file(server: str, tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        assert _fetch_one(f"{server}/model-{DIGITS}.pth", tmp_path).status is Status.PASS
    finally:
        os.umask(before)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_file_with_another_hash_is_not_kept(server: str, tmp_path: Path) -> None:
    found = _fetch_one(f"{server}/model-00000000.pth", tmp_path)
    assert found.status is Status.FAIL
    assert "00000000" in found.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "message"), [("missing", "404"), ("broken", "")])
def test_an_unavailable_file_is_not_run(server: str, tmp_path: Path, name: str, message: str) -> None:
    found = _fetch_one(f"{server}/{name}-{DIGITS}.pth", tmp_path)
    assert found.status in {Status.NOT_RUN, Status.FAIL}
    assert message in found.message
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_a_digest_in_its_name_must_be_readable(server: str, tmp_path: Path) -> None:
    found = _fetch_one(f"{server}/whole.pth", tmp_path)
    assert found.status is Status.FAIL
    assert "Not a torch or safetensors file" in found.message
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_transfer_is_not_kept(server: str, tmp_path: Path) -> None:
    found = _fetch_one(f"{server}/short.pth", tmp_path)
    assert found.status is Status.NOT_RUN
    assert "ended after 100 of 7000 bytes" in found.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["..", "%2e%2e", "", "%00.pth", "folder"])
def test_an_address_that_names_no_file(server: str, tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    (inside / "folder").mkdir(parents=True)
    assert _fetch_one(f"{server}/{name}", inside).status is not Status.PASS
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "folder"]


def test_a_local_error_is_not_reported_as_a_network_error(server: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = _fetch_one(f"{server}/model-{DIGITS}.pth", tmp_path / "file" / "below")
    assert found.status is Status.NOT_RUN
    assert "no connection" not in found.message


def test_an_unreachable_server_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        named = [DeclaredWeights(str(number), f"{address}/m{number}-{DIGITS}.pth", tmp_path) for number in range(12)]
        found = list(fetch_weights(named, tmp_path))
    assert {fetched.status for fetched in found} == {Status.NOT_RUN}
    assert "timed out" in found[0].message
    assert " again; " in found[11].message


def test_without_a_network_the_result_is_not_run(verify: Verify, project: Path) -> None:
    proxy = "http://127.0.0.1:9"
    run = verify("fetch", "--model", "regnety_00*", "--weights", "here", cwd=project, https_proxy=proxy)
    assert run.returncode == 0
    assert run.stdout.count("not run") == 4
    assert "no connection to github.com" in run.stdout
    assert "Traceback" not in run.stderr
    strict = verify("fetch", "--weights", "here", "--strict", cwd=project, https_proxy=proxy)
    assert strict.returncode == 1
    unknown = verify("fetch", "--model", "unknown", cwd=project)
    assert unknown.returncode == 2


@pytest.mark.parametrize(("name", "found"), [("endless", "got more"), ("large", f"got {LARGE}")])
def test_a_file_that_is_larger_than_declared_is_not_kept(server: str, tmp_path: Path, name: str, found: str) -> None:
    declared = DeclaredWeights("model", f"{server}/{name}-{DIGITS}.pth", tmp_path, Decimal(1000))
    (fetched,) = fetch_weights([declared], tmp_path)
    assert fetched.status is Status.FAIL
    assert "expected at most 16779216 bytes" in fetched.message
    assert found in fetched.message
    assert list(tmp_path.iterdir()) == []


def test_the_most_bytes_are_limited_whatever_is_declared(tmp_path: Path) -> None:
    limits = [DeclaredWeights("m", "", tmp_path, size).most_bytes for size in (None, Decimal("1e400"), Decimal(0))]
    assert limits == [16 * 2**30, 16 * 2**30, 16 * 2**20]


def test_a_transfer_that_only_trickles_is_given_up(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_SECONDS", 0.2)
    found = _fetch_one(f"{server}/slow-{DIGITS}.pth", tmp_path)
    assert found.status is Status.NOT_RUN
    assert "timed out: less than" in found.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["file:///dev/zero", "ftp://127.0.0.1/m.pth", "data:text/plain,model", "//host/m"])
def test_only_http_is_opened(address: str, tmp_path: Path) -> None:
    assert _fetch_one(address, tmp_path).status is not Status.PASS
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["ftp", "file"])
def test_a_redirect_stays_in_http(server: str, tmp_path: Path, target: str) -> None:
    assert _fetch_one(f"{server}/moved-to-{target}-{DIGITS}.pth", tmp_path).status is Status.NOT_RUN
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_shows_progress_on_one_line(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.BytesIO()
    terminal = io.TextIOWrapper(printed, "utf-8")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", EscapedStream(terminal, escape_controls_in_lines))
    assert _fetch_one(f"{server}/model-{DIGITS}.pth", tmp_path).status is Status.PASS
    assert b"\r" in printed.getvalue()
    assert rb"\r" not in printed.getvalue()
