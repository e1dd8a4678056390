"""Cached results are believed only if a commit cannot have brought them."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.options import weights_folder
from harness.system import cache_folder
from harness.system.cache_folder import cache_home, cache_problem, checkout_around, keep_cache_outside

Verify = Callable[..., subprocess.CompletedProcess[str]]
NAME = "model-card-harness"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git checkout with a project in a subfolder, which is the working folder."""
    folder = tmp_path / "checkout"
    (folder / ".git").mkdir(parents=True)
    (folder / "project").mkdir()
    monkeypatch.chdir(folder / "project")
    monkeypatch.setattr(cache_folder, "_verified_folders", set())
    return folder


def _forge(cache: Path) -> None:
    """Let every cached verdict that fails pass."""
    for path in (cache / NAME / "verdicts").iterdir():
        data = path.read_bytes().partition(b"\n")[2].replace(b'"status": "fail"', b'"status": "pass"')
        path.write_bytes(hashlib.sha256(data).hexdigest().encode() + b"\n" + data)


def test_forged_verdicts_in_the_checkout_are_not_used(verify: Verify, project: Path, tmp_path: Path) -> None:
    page = project / "modelindex" / "regnety.md"
    page.write_text(page.read_text("utf-8").replace("Epochs: 100", "Epochs: 101"), "utf-8")
    outside, inside = tmp_path / "outside", project / ".cache"
    arguments = ("all", "--claim", "epochs")
    assert verify(*arguments, cwd=project, XDG_CACHE_HOME=str(outside)).returncode == 1
    _forge(outside)
    believed = verify(*arguments, cwd=project, XDG_CACHE_HOME=str(outside))
    assert (believed.returncode, believed.stderr) == (0, ""), "a cache of the user's own is used"
    shutil.copytree(outside, inside)
    before = sorted(inside.rglob("*"))
    run = verify(*arguments, cwd=project, XDG_CACHE_HOME=str(inside))
    assert run.returncode == 1
    assert run.stderr == (
        f"The cache {inside / NAME} is not used: a commit to {project} could forge its results; "
        "set XDG_CACHE_HOME to a folder outside of it.\n"
    )
    assert sorted(inside.rglob("*")) == before
    elsewhere = verify(*arguments, str(page), cwd=tmp_path / "outside", XDG_CACHE_HOME=str(inside))
    assert elsewhere.returncode == 1, "nor if the page is named from another folder"


def test_without_a_home_folder_nothing_is_cached_in_the_working_folder(verify: Verify, project: Path) -> None:
    """HOME may also be relative, or the checkout."""
    (project / "~").mkdir()
    for home in (".", str(project)):
        run = verify("check", cwd=project, XDG_CACHE_HOME="", HOME=home)
        assert (run.returncode, run.stderr.count("is not used: a commit to")) == (0, 1), run.stderr
        assert not (project / ".cache").exists()


def test_an_unknown_home_folder(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert cache_problem()
    assert not cache_home().exists()
    assert not list(checkout.rglob("~*"))


@pytest.mark.parametrize(
    "place", ["checkout/.cache", "checkout/project/.cache", ".", "link", "checkout/link", "CHECKOUT"]
)
def test_a_cache_in_the_checkout_is_refused(checkout: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Also the checkout itself, and links that lead into it or that it contains."""
    root = checkout.parent
    (root / "link").symlink_to(checkout)
    (checkout / "link").symlink_to(root / "outside")
    (root / "outside").mkdir()
    (root / NAME).symlink_to(checkout)
    (root / "CHECKOUT").symlink_to(checkout)
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / place))
    problem = cache_problem()
    assert problem is not None
    assert f"a commit to {checkout} could forge its results" in problem
    with pytest.raises(OSError, match="Not a directory"):
        cache_home().mkdir(parents=True)
    assert not (checkout / NAME).exists()


def test_a_cache_of_the_user_is_used(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else can write to the folder that the harness makes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(checkout.parent / "checkout-cache"))
    assert cache_problem() is None
    assert cache_home() == checkout.parent / "checkout-cache" / NAME
    assert cache_home().stat().st_mode & 0o777 == 0o700


def test_a_cache_that_others_can_write_to_is_refused(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = checkout.parent / "shared" / NAME
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent))
    assert f"got owner {os.geteuid()} and mode 777" in (cache_problem() or "")
    folder.chmod(0o755)
    cache_folder._problem.cache_clear()
    assert cache_problem() is None
    cache_folder._problem.cache_clear()
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    if folder.stat().st_uid:
        assert "expected a folder that only you can write to" in (cache_problem() or "")


def test_files_of_another_checkout(checkout: Path) -> None:
    """Of a page on the command line that does not exist, and of one in a submodule."""
    other = checkout.parent / "other"
    (other / ".git").mkdir(parents=True)
    (other / "submodule").mkdir()
    (other / "submodule" / ".git").write_text("gitdir: ../.git/modules/submodule\n")
    assert checkout_around(other / "crops") is None
    keep_cache_outside([other / "submodule" / "new" / "page.md"])
    assert checkout_around(other / "crops") == str(other)
    assert checkout_around(checkout.parent / "crops") is None


def test_a_home_folder_is_no_checkout(checkout: Path) -> None:
    """Unless it is one of git: a page in it must not disable the cache."""
    home = cache_folder._checkout_of(os.path.expanduser("~root"))  # noqa: PTH111
    assert home is None or (Path(home) / ".git").exists()
    assert cache_folder._checkout_of("/") is None
    assert cache_folder._checkout_of(str(checkout.parent)) == str(checkout.parent)


def test_a_crop_cache_in_the_checkout_is_refused(verify: Verify, project: Path, tmp_path: Path) -> None:
    run = verify("all", "--claim", "epochs", "--crop-cache", "crops", cwd=project)
    assert run.stderr == (
        f"--crop-cache: crops is not used: a commit to {project} could forge its crops; name a folder outside of it.\n"
    )
    assert verify("all", "--claim", "epochs", "--crop-cache", str(tmp_path / "crops"), cwd=project).stderr == ""


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "TORCH_HOME"])
def test_weights_in_a_cache_inside_the_checkout_are_not_used(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str
) -> None:
    monkeypatch.delenv("TORCH_HOME", raising=False)
    home = checkout / "project" / ".cache"
    monkeypatch.setenv(variable, str(home))
    folder = (home / "torch" if variable == "XDG_CACHE_HOME" else home) / "hub" / "checkpoints"
    assert (weights_folder(None), capsys.readouterr().err) == (None, "")
    folder.mkdir(parents=True)
    assert weights_folder(None) is None
    fix = "set TORCH_HOME to a folder outside of it, or pass --weights."
    assert capsys.readouterr().err == f"{folder} is not used: a commit to {checkout} could bring its files; {fix}\n"
    assert weights_folder(folder) == folder, "the command line is trusted"
    monkeypatch.setenv(variable, str(checkout.parent / "outside"))
    assert weights_folder(None) is not None


def test_nothing_is_fetched_into_the_checkout(verify: Verify, project: Path) -> None:
    run = verify("fetch", cwd=project, TORCH_HOME=str(project / "torch"))
    assert (run.returncode, (project / "torch").exists()) == (2, False)
    assert "Torch hub's folder is in the checkout; pass --weights" in run.stderr
