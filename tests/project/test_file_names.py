"""Pages whose file names are not UTF-8."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.app import app
from harness.cli.formats import FORMATS


@pytest.mark.parametrize("form", FORMATS)
def test_a_page_whose_name_is_not_utf_8_is_an_error_of_that_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    text = "<!--\nType: model-index\nModels:\n- Name: a\n-->\n"
    (tmp_path / "a.md").write_text(text)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.md")).write_text(text)
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(app, ["check", ".", "--format", form], standalone_mode=False)
    assert run.return_value == 3, run.exception
    assert "expected a file name in UTF-8" in " ".join(run.stdout.split())
    assert "2 pages, 1 model, 3 claims read." in run.stderr
    if form == "json":
        (verdict,) = json.loads(run.stdout)["verdicts"]
        assert (verdict["page"], verdict["claim"], verdict["status"]) == ("b\\xff.md", "page", "error")
