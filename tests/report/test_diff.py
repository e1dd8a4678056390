"""Patches that `fix` and `docs` print: `git apply` accepts them and gives the new text."""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.report.diff import unified_diff
from tests.conftest import page_text

TEXTS = st.lists(st.sampled_from(["a", "b", "", " c", "-d", "ü\u2028", "e\r", "@@"]), max_size=30).map("\n".join)


def _apply(folder: Path, patch: str, *options: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    command = ["git", "apply", *options]
    subprocess.run(command, cwd=folder, input=patch.encode(), env=environment, capture_output=True, check=True)


@given(before=TEXTS, after=TEXTS)
@example("a\nb", "a\nc")
@example("a\nb\n", "a\nb")
@example("a\r\nb\r\n", "a\r\nc\r\n")
@example("", "a\n")
@example("a\n", "")
def test_git_applies_the_patch(before: str, after: str) -> None:
    patch = "".join(f"{line}\n" for line in unified_diff("my page.md", before, after))
    if before == after:
        assert patch == ""
        return
    with TemporaryDirectory() as folder:
        page = Path(folder, "my page.md")
        page.write_bytes(before.encode())
        _apply(page.parent, patch, "--check")
        _apply(page.parent, patch)
        assert (page.read_bytes() if page.exists() else b"") == after.encode()


@pytest.mark.parametrize("value", ["512", "model-index"])
def test_only_changed_lines_differ_on_a_long_page(value: str) -> None:
    changed = page_text().replace(value, f"{value}1")
    lines = list(unified_diff("page.md", page_text(), changed))[2:]
    removed = [line[1:] for line in lines if line.startswith("-")]
    assert removed == [line for line in page_text().split("\n") if value in line]


def test_a_name_with_line_ends_is_one_name(tmp_path: Path) -> None:
    name = 'a"\\ü\u202e\n+++ b/other.md\n.md'
    for file in (name, "other.md"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("old\n")
    patch = "".join(f"{line}\n" for line in unified_diff(name, "old\n", "new\n"))
    _apply(tmp_path, patch)
    assert patch.isascii()
    assert ((tmp_path / name).read_text(), (tmp_path / "other.md").read_text()) == ("new\n", "old\n")
