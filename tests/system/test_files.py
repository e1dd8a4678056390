"""Atomic writes: complete files or none, and no temporary file left behind."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.report.files import ReportError, write_reports
from harness.system.files import write_atomically


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
