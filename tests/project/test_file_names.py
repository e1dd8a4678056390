"""Pages whose file names are not UTF-8."""

import os
from pathlib import Path

import pytest

from harness.index.faults import PageError
from harness.index.page import read_page
from harness.project.project import find_project


def test_a_page_whose_name_is_not_utf_8_is_an_error_of_that_page(project: Path) -> None:
    (project / "modelindex" / "verify.toml").write_text('pages = ["*.md"]\n')
    text = (project / "modelindex" / "regnety.md").read_bytes()
    Path(os.fsdecode(os.fsencode(project) + b"/modelindex/b\xff.md")).write_bytes(text)
    pages = dict(find_project(project, []).pages)
    assert len(pages) == 2
    bad = next(name for name in pages if name != "modelindex/regnety.md")
    with pytest.raises(PageError, match=r"'modelindex/b\\udcff\.md':1:1: expected a file name in UTF-8"):
        read_page(pages[bad], bad)
