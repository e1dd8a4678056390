"""Pages found by file, folder and pattern, none of them twice."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from harness.cli.options import open_project
from harness.evaluate.run.progress import Progress
from harness.index.page import MOST_BYTES
from harness.project.discovery import discover
from harness.project.documents import ProjectError
from harness.project.project import find_project
from harness.verify.run import verify
from harness.verify.selection import Selection
from tests.conftest import ROOT

INDEX = "Models: [{Name: a}]\n"
PAGE = f"# A\n\n<!--\nType: model-index\n{INDEX}-->\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pages = {
        "a/README.md": PAGE,
        "b/README.md": "# Nothing\n",
        "b/deep/metafile.yml": INDEX,
        "b/deep/notes.yaml": "models: [of something else]\n",
        "b/card.mdx": "---\nmodel-index:\n- name: a\n---\n",
        "c.json": '{"Models": [{"Name": "a"}]}',
        "d.json": '{"a": 1}',
        "e.txt": PAGE,
        ".hidden/f.md": PAGE,
        "node_modules/g.md": PAGE,
        "b/.venv/h.md": PAGE,
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("named", "found", "skipped"),
    [
        (["."], ["a/README.md", "b/card.mdx", "b/deep/metafile.yml", "c.json"], 3),
        (["b"], ["b/card.mdx", "b/deep/metafile.yml"], 2),
        (["*/README.md"], ["a/README.md"], 1),
        (["**/*.yml", "c.json"], ["b/deep/metafile.yml", "c.json"], 0),
        (["d.json"], ["d.json"], 0),
    ],
)
def test_files_folders_and_patterns(folder: Path, named: list[str], found: list[str], skipped: int) -> None:
    discovered = discover(map(Path, named), folder)
    assert [path.relative_to(folder).as_posix() for path in discovered.pages] == found
    assert discovered.skipped == skipped


@pytest.mark.parametrize("named", ["empty", "none/*.md", "*.txt"])
def test_a_folder_or_pattern_without_pages(folder: Path, named: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(ProjectError, match="expected pages with a model-index"):
        discover([Path(named)], folder)


def test_a_file_that_does_not_exist(folder: Path) -> None:
    with pytest.raises(ProjectError, match=r"none\.md: expected a page, got no such file"):
        discover([Path("none.md")], folder)


def test_a_large_file_is_a_page_if_it_begins_like_one(folder: Path) -> None:
    (folder / "large.md").write_text(PAGE + "x" * MOST_BYTES)
    (folder / "large.json").write_text("x" * (MOST_BYTES + 1))
    found = [path.name for path in discover([Path()], folder).pages]
    assert "large.md" in found
    assert "large.json" not in found


def test_an_imported_page_is_verified_only_with_the_importing_one(folder: Path) -> None:
    (folder / "index.yml").write_text("Import:\n- b/deep\nModels: []\n")
    named = [name for name, _ in find_project(folder, [Path()]).pages]
    assert named == ["a/README.md", "b/card.mdx", "c.json", "index.yml"]


def test_the_pages_of_a_project_may_be_patterns(folder: Path) -> None:
    (folder / "modelindex").mkdir()
    (folder / "modelindex" / "one.md").write_text(PAGE)
    (folder / "modelindex" / "verify.toml").write_text('pages = ["*.md", "../a"]\n')
    project = find_project(folder, [])
    assert [name for name, _ in project.pages] == ["modelindex/one.md", "a/README.md"]
    assert project.covers_all_pages


def test_rendered_pages_are_not_verified_again(tmp_path: Path) -> None:
    for name in ("modelindex/a.md", "reports/pages/a.md"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(PAGE)
    (tmp_path / "modelindex" / "verify.toml").write_text('pages = ["a.md"]\n')

    def found(named: str, start: Path = tmp_path) -> list[str]:
        return [name for name, _ in find_project(start, [Path(named)]).pages]

    assert found(".") == found("**/*.md") == found("../**/*.md", tmp_path / "modelindex") == ["modelindex/a.md"]
    assert found("reports") == found("reports/pages/a.md") == ["reports/pages/a.md"]


def test_files_without_an_index_are_counted(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(folder)
    open_project((Path("*/README.md"),))
    assert capsys.readouterr().err == "1 page; no model-index in 1 other file.\n"


def test_a_pipe_does_not_block(folder: Path) -> None:
    os.mkfifo(folder / "b" / "pipe.md")
    code = "from harness.project.discovery import discover; from pathlib import Path; discover([Path('.')], Path('.'))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, timeout=30, check=True)


def test_each_page_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By finding the project, with a folder and with a file, and by verifying it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    (folder / "project" / "modelindex").mkdir(parents=True)
    root = folder / "project"
    for name in ("a", "b", "c"):
        (root / "modelindex" / f"{name}.yml").write_text(f"Models: [{{Name: {name}}}]\n")
    (root / "modelindex" / "verify.toml").write_text('pages = [".", "c.yml"]\n')
    reads: Counter[str] = Counter()
    open_file = os.open

    def counting(path: str | Path, *arguments: int) -> int:
        reads[Path(path).name] += 1
        return open_file(path, *arguments)

    monkeypatch.setattr(os, "open", counting)
    project = find_project(root, ())
    result = verify(project, Selection(), project.resources, Progress())
    assert len(result.pages) == 3
    assert {name: number for name, number in reads.items() if name.endswith(".yml")} == dict.fromkeys(
        ("a.yml", "b.yml", "c.yml"), 1
    )
