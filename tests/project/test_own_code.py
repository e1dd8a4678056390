"""Digests of what builders can import: whatever a change of them can run differently."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.project import own_code


def _digest(root: Path) -> str:
    own_code.project_code.cache_clear()
    return own_code.project_code(root)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.py").write_text("1"),
        lambda root: (root / "venv" / "b.so").write_text("1"),
        lambda root: (root / "third-party").rename(root / "other"),
        lambda root: (root / "c.pyc").symlink_to("data"),
        lambda root: (root / "data").write_text("1"),
        lambda root: (root / "outside.py").unlink() or (root / "outside.py").symlink_to("/dev/null"),
        lambda root: (root / "folder").unlink() or (root / "folder").symlink_to("venv"),
        lambda root: os.mkfifo(root / "pipe.py"),
    ],
)
def test_changed_code_has_another_digest(tmp_path: Path, change: Callable[[Path], object]) -> None:
    for folder in ("venv", "third-party"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "b.py").write_text("")
    (tmp_path / "data").write_text("")
    (tmp_path / "linked.py").symlink_to("data")
    (tmp_path / "outside.py").symlink_to("/dev/zero")
    (tmp_path / "folder").symlink_to("third-party")
    before = _digest(tmp_path)
    (tmp_path / "notes.md").write_text("no module")
    assert _digest(tmp_path) == before
    change(tmp_path)
    assert _digest(tmp_path) != before


def test_installed_code_is_known_by_its_version_or_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A builder may import any of it. Editable packages change without a new version."""
    monkeypatch.syspath_prepend(tmp_path)
    metadata = tmp_path / "nets-1.dist-info"
    metadata.mkdir()
    source = tmp_path / "my source"
    source.mkdir()
    (metadata / "direct_url.json").write_text(f'{{"url": "{source.as_uri()}", "dir_info": {{"editable": true}}}}')
    found = set()
    for version, code in (("1", "1"), ("2", "1"), ("2", "2")):
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: nets\nVersion: {version}\n")
        (source / "nets.py").write_text(code)
        own_code.project_code.cache_clear()
        own_code.installed_code.cache_clear()
        found.add(own_code.installed_code())
    assert len(found) == 3
