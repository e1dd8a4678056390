"""`verify lock`: a weights file or address that differs from the lock fails."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

Verify = Callable[..., subprocess.CompletedProcess[str]]
WEIGHTS = "regnety_canary-9854fe73.pth"
UNNAMED = "regnety_canary.pth"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A project with the canary page, whose weights file has no digest in its name."""
    modelindex = tmp_path / "canary" / "modelindex"
    modelindex.mkdir(parents=True)
    source = ROOT / "modelindex" / "canary"
    (modelindex / UNNAMED).write_bytes((source / WEIGHTS).read_bytes())
    text = (source / "canary.md").read_text("utf-8").replace(WEIGHTS, UNNAMED)
    (modelindex / "canary.md").write_text(text, "utf-8")
    (modelindex / "verify.toml").write_text('pages = ["canary.md"]')
    return modelindex.parent


def _weights(verify: Verify, canary: Path) -> tuple[str, str]:
    run = verify("all", "--claim", "weights", "--format", "json", cwd=canary)
    (verdict,) = json.loads(run.stdout)["verdicts"]
    return verdict["status"], verdict["reason"]


def test_a_file_or_an_address_that_changes_under_an_unchanged_lock_fails(verify: Verify, canary: Path) -> None:
    assert _weights(verify, canary)[0] == "unchecked"
    run = verify("lock", cwd=canary)
    assert run.returncode == 0
    assert "locked   regnety_canary: 9854fe73" in run.stdout
    lock = canary / "modelindex" / "weights.lock"
    (entry,) = json.loads(lock.read_text())["files"]
    assert (entry["model"], entry["weights"], entry["bytes"]) == ("regnety_canary", UNNAMED, 468783)
    assert _weights(verify, canary)[0] == "pass"

    file = canary / "modelindex" / UNNAMED
    whole = file.read_bytes()
    damaged = bytearray(whole)
    damaged[-1] ^= 1
    file.write_bytes(damaged)
    assert _weights(verify, canary) == (
        "fail",
        "The file on this machine is not the one in weights.lock.",
    )
    file.write_bytes(whole)

    page = canary / "modelindex" / "canary.md"
    page.write_text(page.read_text().replace(UNNAMED, WEIGHTS))
    status, reason = _weights(verify, canary)
    assert (status, reason) == ("fail", "The page names another file than weights.lock has for this model.")
    missing = verify("lock", cwd=canary)
    assert (missing.returncode, f"{UNNAMED} stays locked" in missing.stdout) == (2, True)
    assert _weights(verify, canary)[0] == "fail"
    # With the new file on this machine, its entry replaces the old one.
    (canary / "modelindex" / WEIGHTS).write_bytes(whole)
    assert verify("lock", cwd=canary).returncode == 0
    assert _weights(verify, canary)[0] == "pass"


def test_a_missing_file_keeps_its_entry(verify: Verify, canary: Path) -> None:
    verify("lock", cwd=canary)
    before = (canary / "modelindex" / "weights.lock").read_bytes()
    (canary / "modelindex" / UNNAMED).unlink()
    run = verify("lock", cwd=canary)
    assert run.returncode == 2
    assert "missing  regnety_canary: regnety_canary.pth; regnety_canary.pth stays locked" in run.stdout
    assert "Nothing to lock" in run.stderr
    assert (canary / "modelindex" / "weights.lock").read_bytes() == before


def test_a_file_that_does_not_match_the_digest_in_its_name_is_not_locked(verify: Verify, canary: Path) -> None:
    page = canary / "modelindex" / "canary.md"
    page.write_text(page.read_text().replace(UNNAMED, "regnety_canary-00000000.pth"))
    (canary / "modelindex" / UNNAMED).rename(canary / "modelindex" / "regnety_canary-00000000.pth")
    run = verify("lock", cwd=canary)
    assert run.returncode == 2
    assert "its SHA-256 begins with 9854fe73, its name says 00000000" in run.stdout
    assert not (canary / "modelindex" / "weights.lock").exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda text: text.replace("468783", "468784"),
            "weights.lock: expected a lock as `verify lock` writes it",
        ),
        (lambda text: text.replace("9854fe73bf", "9854fe73be"), "got an edited one"),
        (lambda text: text[:-20], "expected JSON"),
        (lambda text: f"<<<<<<< HEAD\n{text}", "expected JSON, got a merge conflict"),
        (lambda text: text.replace('"schema": 1', '"schema": 2'), "expected the schema 1, got 2 at schema"),
        (lambda _: "[]", "expected a lock as `verify lock` writes it, got []"),
    ],
)
def test_a_lock_edited_by_hand(verify: Verify, canary: Path, damage: Callable[[str], str], message: str) -> None:
    verify("lock", cwd=canary)
    lock = canary / "modelindex" / "weights.lock"
    lock.write_text(damage(lock.read_text()))
    run = verify("all", cwd=canary)
    assert run.returncode == 2
    assert message in run.stderr
    assert not (canary / "reports").exists()
