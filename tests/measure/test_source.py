"""Source files are read from git objects, of a checkout or a bare repository, not from the working tree."""

import subprocess
from pathlib import Path

import pytest

from harness.measure.source import NotInRepositoryError, lines_at
from harness.system.git import is_repository


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
