"""Files: bounded reads of regular files; complete writes or none, and no temporary file left behind."""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.report.files import ReportError, write_reports
from harness.system.files import leads_inside, read_file, write_atomically
from tests.conftest import ROOT


@contextmanager
def _file_size_limit(limit: int) -> Iterator[None]:
    """Let writes beyond `limit` bytes fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_failed_write_of_reports_changes_nothing_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("old")
    with _file_size_limit(100), pytest.raises(ReportError, match="File too large"):
        write_reports(tmp_path, {"a.md": "new", "b/c.md": "x" * 200})
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.md"]
    assert (tmp_path / "a.md").read_text() == "old"


def test_a_failed_write_of_one_file_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with _file_size_limit(100), pytest.raises(OSError, match="File too large"):
        write_atomically(tmp_path / "a", b"x" * 60, b"x" * 60)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]


def test_only_regular_files_of_a_bounded_size_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a", 5, tmp_path) == b"12345"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server, (tmp_path / "huge").open("wb") as huge:
        server.bind(str(tmp_path / "socket"))
        huge.truncate(1 << 40)
        for name, reason in {
            "a": "more than 4 bytes",
            "huge": "more than 4 bytes",
            "pipe": "a pipe",
            "folder": "a folder",
            "zero": "a device",
            "socket": "a socket",
        }.items():
            with pytest.raises(OSError, match=reason):
                read_file(tmp_path / name, 4)
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_file(Path("/proc/self/status"), 4)  # its size is 0


def test_a_file_outside_the_folder_is_not_read_by_any_path(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to(tmp_path)
    for path in (folder / "link", folder / "up" / "secret", folder / ".." / "secret", tmp_path / "secret"):
        with pytest.raises(OSError, match="leads out of the project"):
            read_file(path, 100, folder)
    assert not leads_inside(folder / "a\0b", folder)


def test_new_files_have_the_permissions_of_the_umask_and_others_keep_theirs(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("")
    (tmp_path / "old").chmod(0o640)
    before = os.umask(0o027)
    try:
        for name in ("new", "old"):
            write_atomically(tmp_path / name, b"x")
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("new", "old")] == [0o640, 0o640]
    os.umask(0o002)
    try:
        write_atomically(tmp_path / "shared", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o664


def test_a_link_is_replaced_and_a_linked_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_atomically(tmp_path / "link", b"new")
    assert ((tmp_path / "target").read_text(), (tmp_path / "link").is_symlink()) == ("mine", False)
    (tmp_path / "other").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "folder").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="is a link"):
        write_atomically(tmp_path / "root" / "folder" / "sub" / "file", b"new", root=tmp_path / "root")
    assert list((tmp_path / "other").iterdir()) == []


def test_the_temporary_file_of_a_killed_process_is_removed_by_the_next(tmp_path: Path) -> None:
    killed = (
        "import os, pathlib, harness.system.files as files; os.fsync = lambda _: os.kill(os.getpid(), 9); "
        "files.write_atomically(pathlib.Path('a'), b'x')"
    )
    run = subprocess.run([sys.executable, "-c", killed], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert run.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    machine = left.name.split("-")[1]
    others = [f".verify-{machine}-{os.getppid()}-{'0' * 16}.tmp", f".verify-{'0' * 8}-1-{'0' * 16}.tmp", ".mine.tmp"]
    for name in others:
        (tmp_path / name).touch()
    write_atomically(tmp_path / "a", b"y")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a", *others])
