"""Folders in which some pages, entries and values cannot be read: the others are judged, by every verb."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.app import app
from harness.cli.formats import FORMATS
from harness.index.page import MOST_BYTES

GOOD = "<!--\nType: model-index\nModels:\n- Name: a\n  Metadata: {Architecture: [ReLU]}\n-->\n"
PAGES = {
    "good.md": GOOD,
    "entry.yml": "Models:\n- Name: b\n- Name: ../c\n- 5\n- {Name: d, Code: 'http://example.org/x'}\n",
    "value.yml": "Models:\n- Name: e\n  Metadata:\n    Epochs: [1]\n    Dropout: -0.1\n    Image Size: 224x320\n",
    "broken.yml": "Models: {",
    "latin.md": GOOD.replace("ReLU", "é").encode("latin-1"),
    "large.md": GOOD + "x" * MOST_BYTES,
    "only-import.yml": "Import: [parts/f.yml, parts/none.yml]\n",
    "parts/f.yml": "Models: [{Name: f}]\n",
    "parts/collection.yml": "Collections: [{Name: Net, Metadata: {Epochs: 3}}]\n",
}
# Page, kind and status of everything that is wrong.
WRONG = {
    ("entry.yml", "model", "error"),
    ("value.yml", "epochs", "error"),
    ("value.yml", "dropout", "fail"),
    ("broken.yml", "model", "error"),
    ("latin.md", "page", "error"),
    ("large.md", "page", "error"),
    ("only-import.yml", "import", "error"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in PAGES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str) -> Result:
    run = CliRunner().invoke(app, arguments, standalone_mode=False)
    assert run.exception is None, run.output
    return run


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("verb", ["all", "check"])
def test_each_fault_is_a_verdict_on_its_line(verb: str) -> None:
    run = _run(verb, ".", "--format", "json")
    assert run.return_value == 3
    verdicts = json.loads(run.stdout)["verdicts"]
    wrong = [verdict for verdict in verdicts if verdict["status"] in {"fail", "error"}]
    assert {(verdict["page"], verdict["claim"], verdict["status"]) for verdict in wrong} == WRONG
    assert all(verdict["remedy"] for verdict in wrong)
    lines = {(verdict["page"], verdict["where"]["line"]) for verdict in wrong}
    assert {("entry.yml", 3), ("entry.yml", 4), ("value.yml", 4), ("value.yml", 5), ("latin.md", 5)} <= lines
    if verb == "all":
        assert {verdict["model"] for verdict in verdicts} == {None, *"abdef"}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_what_cannot_be_read(form: str) -> None:
    run = _run("check", ".", "--format", form)
    assert run.return_value == 3
    for name in {page for page, _, _ in WRONG}:
        assert name in run.stdout


def test_cards_and_the_html_report_show_what_cannot_be_read(folder: Path) -> None:
    reports, html = folder.with_name(f"{folder.name}-reports"), folder / "report.html"
    assert _run("all", ".", "--reports", str(reports)).return_value == 3
    assert "a name of at most 200 characters" in (reports / "entry" / "README.md").read_text()
    assert "text in UTF-8" in (reports / "latin" / "README.md").read_text()
    assert _run("report", ".", "--html", str(html)).return_value == 0
    assert "text in UTF-8" in html.read_text()


@pytest.mark.usefixtures("folder")
def test_what_cannot_be_read_is_shown_whatever_is_selected() -> None:
    run = _run("explain", "f", "name", ".")
    assert run.return_value == 3
    assert "parts/none.yml" in run.stdout
    assert "Dropout" not in run.stdout


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", [["list", "."], ["fetch", "."], ["fix", ".", "--dry-run"]])
def test_other_verbs_go_on(arguments: list[str]) -> None:
    run = _run(*arguments)
    assert run.return_value == 3
    if arguments[0] == "list":
        assert "3 models: " not in run.stdout
        assert "2 models: b, d" in run.stdout
    if arguments[0] != "fix":
        assert "latin.md:5:" in run.stderr


@pytest.mark.usefixtures("folder")
def test_one_page_that_cannot_be_read() -> None:
    for page in ("latin.md", "broken.yml", "large.md"):
        assert _run("check", page).return_value == 3
    assert _run("check", "good.md").return_value == 0
    assert _run("check", "parts/collection.yml").return_value == 0
    assert _run("check", "value.yml", "--claim", "dropout").return_value == 1


def test_lock_and_docs_keep_what_belongs_to_pages_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modelindex, weights = tmp_path / "modelindex", tmp_path / "weights"
    modelindex.mkdir()
    weights.mkdir()
    (modelindex / "verify.toml").write_text('pages = ["a.md", "b.md"]\n')
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (weights / f"{name}.pth").write_bytes(b"file")
        text = f"<!--\nType: model-index\nModels:\n- Name: {name}\n  Weights: https://example.org/{name}.pth\n-->\n"
        (modelindex / f"{name}.md").write_text(text)
    assert _run("lock", "--weights", str(weights)).return_value == 0
    assert _run("docs").return_value == 0
    locked = (modelindex / "weights.lock").read_text()
    rendered = (tmp_path / "reports" / "pages" / "b.md").read_text()
    (modelindex / "b.md").write_bytes(b"\xff")
    assert _run("lock", "--weights", str(weights)).return_value == 3
    assert (modelindex / "weights.lock").read_text() == locked
    docs = _run("docs")
    assert docs.return_value == 3
    assert "Not rendered: b.md" in docs.stderr
    assert (tmp_path / "reports" / "pages" / "b.md").read_text() == rendered
    assert (tmp_path / "reports" / "pages" / "a.md").exists()


def test_changed_goes_on(folder: Path) -> None:
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    (folder / "good.md").write_text(GOOD.replace("ReLU", "GELU"))
    run = _run("changed", ".", "--dry-run", "--format", "json")
    affected = json.loads(run.stdout)["claims"]
    assert {claim["page"] for claim in affected} == {
        "good.md",
        "entry.yml",
        "broken.yml",
        "latin.md",
        "large.md",
        "only-import.yml",
    }
    assert {claim["claim"] for claim in affected if claim["page"] == "entry.yml"} == {"model"}
