"""`--until-sure`: models are decided early, and no image is lost or counted twice."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.verify.canary import Verify, edit, enlarge, evidence, verdicts

ALL = "--format", "json", "--claim", "top_*"


def test_inside_the_margin_is_explained_and_reports_hold_what_all_images_give(verify: Verify, canary: Path) -> None:
    flags = ("--until-sure", "--margin", "5", "--alpha", "0.05")
    run = verify("all", "--format", "json", "--strict", *flags, cwd=canary)
    assert run.returncode == 1, run.stderr
    found = verdicts(run)
    first, fifth = found["top_1_accuracy"], found["top_5_accuracy"]
    assert (first["status"], fifth["status"]) == ("explained", "explained")
    assert "regnety_canary: decided after 200 of 500 images." in run.stderr
    assert first["method"].startswith("until sure, 200 of 500 images, fp32")
    low, high = (float(part.strip("%")) for part in first["measured"].split(" to "))
    assert 88.8 <= low < 93.8 < high <= 98.8
    assert first["reason"].startswith("Within ±5 points of the declared value with 95% confidence, after 200 of 500")
    assert "This is not an exact reproduction." in first["reason"]
    assert evidence(first, "interval") == f"{low:.3f}% to {high:.3f}%, 97.5% confidence at every sample size"
    assert evidence(first, "correct") == "189 of 200 images, in seeded random order"
    assert evidence(first, "alpha") == "0.05 for the model, 0.025 for each declared accuracy"
    assert first["correction"] == []
    report = (canary / "reports" / "canary" / "regnety_canary.md").read_text("utf-8")
    assert "until sure" not in report
    assert "469 of 500 images" in report
    # All images are evaluated by now, so the exact accuracy is known.
    exact = verdicts(verify("all", *ALL, *flags, cwd=canary))["top_1_accuracy"]
    assert (exact["status"], exact["measured"]) == ("pass", "93.800%")


def test_a_wrong_claim_is_decided_early_killed_or_not_and_the_rest_can_follow(
    verify: Verify, canary: Path, tmp_path: Path
) -> None:
    enlarge(canary, 10)
    edit(canary, "Top 1 Accuracy: 93.8%", "Top 1 Accuracy: 88.8%")
    cache = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "all", "--until-sure"],
        cwd=canary, env=os.environ | {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip

    def shards() -> list[Path]:
        return sorted((cache / "model-card-harness" / "evaluations").glob("*/shard-*.json"))

    while process.poll() is None and not shards():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    already = len(shards())
    assert 0 < already < 8
    run = verify("all", *ALL, "--until-sure", cwd=canary, XDG_CACHE_HOME=str(cache))
    assert run.returncode == 1
    found = verdicts(run)["top_1_accuracy"]
    assert found["status"] == "fail"
    images = re.match(r"until sure, (\d+) of 5000 images", found["method"])
    assert images is not None
    assert int(images[1]) <= 2000
    assert found["reason"].startswith("Farther than ±0.5 points from the declared value with 99.9% confidence, after")
    assert "usual_causes" not in found["evidence"]
    stopped = {path: path.stat().st_mtime_ns for path in shards()}
    assert already <= len(stopped) < 8
    # A true claim is not sure before the end; and what was kept is not evaluated again.
    edit(canary, "Top 1 Accuracy: 88.8%", "Top 1 Accuracy: 93.8%")
    whole = verify("all", *ALL, cwd=canary, XDG_CACHE_HOME=str(cache))
    assert verdicts(whole) == verdicts(verify("all", *ALL, cwd=canary))
    assert evidence(verdicts(whole)["top_1_accuracy"], "correct") == "4690 of 5000 images"
    assert {path: path.stat().st_mtime_ns for path in stopped} == stopped
    names = [row[0] for path in shards() for row in json.loads(path.read_text())["predictions"]]
    assert len(names) == len(set(names)) == 5000


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("all", "--until-sure", "--subset", "100"), "remove --subset"),
        (("all", "--margin", "1"), "--margin requires --until-sure"),
        (("all", "--until-sure", "--alpha", "0"), "expected a number from 1e-9 to 0.5, got '0'"),
        (("all", "--until-sure", "--margin", "nan"), "expected a number from 0.001 to 10, got 'nan'"),
        (("record", "--until-sure"), "Records need all images; remove --until-sure."),
    ],
)
def test_flags_that_make_no_sense(verify: Verify, canary: Path, flags: tuple[str, ...], message: str) -> None:
    run = verify(*flags, cwd=canary)
    assert run.returncode == 2
    assert message in run.stderr
    assert not (canary / "modelindex" / "records.json").exists()


def test_images_that_are_missing_are_not_outweighed_by_a_random_order(verify: Verify, canary: Path) -> None:
    next((canary / "modelindex" / "canary" / "images" / "4").iterdir()).unlink()
    found = verdicts(verify("all", *ALL, "--until-sure", "--margin", "10", "--alpha", "0.5", cwd=canary))
    assert found["top_1_accuracy"]["status"] == "not_run"
    assert "Only 499 of 500 images were evaluated" in found["top_1_accuracy"]["reason"]
