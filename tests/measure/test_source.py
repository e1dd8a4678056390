"""Source files are read from git objects, of a checkout or a bare repository, not from the working tree."""

import subprocess
from pathlib import Path

import pytest

from harness.measure.source import NotInRepositoryError, lines_at
from harness.system.git import is_repository
from harness.verdict import NotHereError


def git(repository: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, "-C", repository, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    root = tmp_path / "source"
    (root / "timm").mkdir(parents=True)
    git(root, "init", "-q")
    (root / "timm" / "regnet.py").write_text("first\nsecond\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    commit = git(root, "rev-parse", "HEAD")
    (root / "timm" / "regnet.py").write_text("changed since\n")
    return root, commit


def test_lines_at_a_commit(repository: tuple[Path, str], tmp_path: Path) -> None:
    root, commit = repository
    assert lines_at(root, commit, "timm/regnet.py") == ("first", "second", "")
    git(tmp_path, "clone", "-q", "--bare", str(root), "bare.git")
    assert lines_at(tmp_path / "bare.git", commit[:10], "timm/regnet.py") == ("first", "second", "")


def test_missing_commits_and_files_are_named(repository: tuple[Path, str], tmp_path: Path) -> None:
    root, commit = repository
    with pytest.raises(NotInRepositoryError, match=f"commit {'0' * 40}"):
        lines_at(root, "0" * 40, "timm/regnet.py")
    for path in ("timm/none.py", "timm", "../etc/passwd", "--output=x"):
        with pytest.raises(NotInRepositoryError, match="file"):
            lines_at(root, commit, path)
    assert is_repository(root)
    assert not is_repository(tmp_path / "none")
    assert not is_repository(tmp_path)


def test_what_an_incomplete_clone_lacks_is_not_wrong(repository: tuple[Path, str], tmp_path: Path) -> None:
    root, commit = repository
    git(root, "commit", "-qam", "two")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", "shallow")
    with pytest.raises(NotHereError, match="shallow clone"):
        lines_at(tmp_path / "shallow", commit, "timm/regnet.py")
    name = git(root, "rev-parse", f"{commit}:timm/regnet.py")
    (root / ".git" / "objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(NotHereError, match=r"lacks the content of timm/regnet\.py"):
        lines_at(root, commit, "timm/regnet.py")
