"""Git as the harness runs it: whatever a checkout or a repository contains, no program but git itself runs."""

import shutil
from pathlib import Path

import pytest

from harness.system.git import below_top, blob, changed_files, files_at, has_commit, is_repository, top_folder
from tests.repositories import committed, git


@pytest.fixture
def program(tmp_path: Path) -> tuple[str, Path]:
    """A program, and the file that it creates when it runs."""
    ran = tmp_path / "ran"
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    path.chmod(0o755)
    return str(path), ran


def repository(folder: Path) -> str:
    """Make a repository with two commits, of which the second is not checked out completely; the first one's name."""
    folder.mkdir()
    (folder / "page.md").write_text("first\n")
    first = committed(folder)
    (folder / "page.md").write_text("second\n")
    committed(folder)
    (folder / "page.md").write_text("third\n")
    return first


def test_a_repository_among_the_files_of_a_checkout_is_no_repository(tmp_path: Path, program: tuple[str, Path]) -> None:
    first = repository(tmp_path / "evil")
    git(tmp_path / "evil", "config", "core.fsmonitor", program[0])
    git(tmp_path / "evil", "config", "core.worktree", ".")
    git(tmp_path / "evil", "config", "core.bare", "false")
    project = tmp_path / "checkout" / "project"
    shutil.copytree(tmp_path / "evil" / ".git", project)
    (tmp_path / "checkout" / "page.md").write_text("page\n")
    program[1].unlink(missing_ok=True)
    commit = committed(tmp_path / "checkout")
    assert not program[1].exists()
    top = top_folder(project)
    assert (top, below_top(project)) == (tmp_path / "checkout", "project/")
    assert (has_commit(top, commit), has_commit(top, first)) == (True, False)
    assert changed_files(top, commit) == set()
    assert not program[1].exists()


def test_a_bare_repository_is_one_only_if_it_is_named(tmp_path: Path) -> None:
    first = repository(tmp_path / "source")
    bare = tmp_path / "source.git"
    git(tmp_path, "clone", "--quiet", "--bare", "source", "source.git")
    assert blob(bare, first, "page.md", 100) == b"first\n"
    assert is_repository(bare)
    assert not is_repository(bare / "refs")


@pytest.mark.parametrize(
    "setting",
    ["core.fsmonitor", "core.hooksPath", "core.pager", "diff.external", "diff.odd.textconv", "diff.odd.command"],
)
def test_settings_of_a_repository_run_nothing(tmp_path: Path, program: tuple[str, Path], setting: str) -> None:
    folder = tmp_path / "checkout"
    first = repository(folder)
    (folder / ".gitattributes").write_text("* diff=odd\n")
    for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman", "query-watchman"):
        (tmp_path / name).symlink_to(program[0])
    git(folder, "config", setting, str(tmp_path) if setting == "core.hooksPath" else program[0])
    assert changed_files(top_folder(folder), first) == {"page.md", ".gitattributes"}
    assert not program[1].exists()


@pytest.mark.parametrize("kind", ["clean", "process"])
def test_filters_run_nothing(tmp_path: Path, program: tuple[str, Path], kind: str) -> None:
    folder = tmp_path / "checkout"
    first = repository(folder)
    (folder / ".gitattributes").write_text("* filter=odd\n")
    git(folder, "config", f"filter.odd.{kind}", program[0])
    git(folder, "config", "filter.odd.required", "true")
    assert changed_files(folder, first) == {"page.md", ".gitattributes"}
    assert not program[1].exists()


@pytest.mark.parametrize("url", ["ssh://example.org/x", "ext::{program} %S", "odd::x"])
def test_a_missing_object_is_not_fetched(
    tmp_path: Path, program: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    folder = tmp_path / "source"
    first = repository(folder)
    settings = {
        "core.repositoryFormatVersion": "1",
        "core.sshCommand": program[0],
        "extensions.partialClone": "origin",
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "remote.origin.url": url.format(program=program[0]),
        "remote.origin.promisor": "true",
    }
    for name, value in settings.items():
        git(folder, "config", name, value)
    (tmp_path / "git-remote-odd").symlink_to(program[0])
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    missing = git(folder, "rev-parse", f"{first}:page.md")
    (folder / ".git" / "objects" / missing[:2] / missing[2:]).unlink()
    with pytest.raises(Exception, match="lacks the object"):
        blob(folder, first, "page.md", 100)
    assert not has_commit(folder, "0" * 39 + "1")
    assert not program[1].exists()


def test_submodules_run_nothing(tmp_path: Path, program: tuple[str, Path]) -> None:
    repository(tmp_path / "module")
    repository(tmp_path / "checkout")
    git(tmp_path / "checkout", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../module", "module")
    commit = committed(tmp_path / "checkout")
    git(tmp_path / "checkout" / "module", "config", "core.fsmonitor", program[0])
    (tmp_path / "checkout" / "module" / "page.md").write_text("changed\n")
    program[1].unlink(missing_ok=True)
    assert changed_files(tmp_path / "checkout", commit) == set()
    assert not program[1].exists()


def test_a_submodule_that_asks_to_be_ignored_is_compared(tmp_path: Path) -> None:
    repository(tmp_path / "module")
    repository(tmp_path / "checkout")
    git(tmp_path / "checkout", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../module", "module")
    git(tmp_path / "checkout", "config", "-f", ".gitmodules", "submodule.module.ignore", "all")
    commit = committed(tmp_path / "checkout")
    other = committed(tmp_path / "checkout" / "module")
    git(tmp_path / "checkout", "update-index", "--cacheinfo", f"160000,{other},module")
    assert changed_files(tmp_path / "checkout", commit) == {"module"}


def test_a_replaced_object_is_not_what_a_commit_holds(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    first = repository(folder)
    git(folder, "replace", git(folder, "rev-parse", f"{first}:page.md"), git(folder, "rev-parse", "HEAD:page.md"))
    assert blob(folder, first, "page.md", 100) == b"first\n"


def test_large_files_are_not_read_and_folders_are_no_files(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    repository(folder)
    (folder / ":(top)").mkdir()
    (folder / ":(top)" / "a\nb.md").write_bytes(b"0" * 5)
    commit = committed(folder)
    assert blob(folder, commit, ":(top)/a\nb.md", 5) == b"0" * 5
    assert files_at(folder, commit, ":(top)", deep=False) == [":(top)/a\nb.md"]
    with pytest.raises(OSError, match="a file of more than 4 bytes"):
        blob(folder, commit, ":(top)/a\nb.md", 4)
    assert blob(folder, commit, ":(top)", 5) is None
