"""`verify` on the canary page: its claims are measured, and each fault between image and verdict is detected."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT
from tests.verify.canary import SETTINGS, Verify, edit, enlarge, evidence, page, verdicts


def test_the_unedited_page_passes(verify: Verify, canary: Path) -> None:
    run = verify("all", "--format", "json", cwd=canary)
    assert run.returncode == 0, run.stderr
    found = verdicts(run)
    assert {verdict["status"] for verdict in found.values()} == {"pass"}
    assert found["top_1_accuracy"]["measured"] == "93.800%"
    assert evidence(found["top_1_accuracy"], "correct") == "469 of 500 images"
    assert "0.05 points" in evidence(found["top_1_accuracy"], "tolerance")
    assert {"torch", "Pillow", "libjpeg", "device", "date"} <= found["top_1_accuracy"]["environment"].keys()
    assert "500 images of 10 classes: a folder per class" in run.stderr
    report = (canary / "reports" / "canary" / "regnety_canary.md").read_text("utf-8")
    assert "93.800%" in report or "469 of 500" in report
    assert "Pillow" not in report
    # The second run evaluates nothing, and does not even load torch.
    again = verify("all", "--format", "json", cwd=canary, PYTHONPROFILEIMPORTTIME="1")
    assert verdicts(again) == found
    assert " torch\n" not in again.stderr
    # Other claims are not cached, but their evaluation is stored; --refresh evaluates again.
    anew = verify("all", "--claim", "top_*", cwd=canary)
    assert "images, " not in anew.stderr.partition("folder per class")[2]
    refreshed = verify("all", "--claim", "top_*", "--refresh", cwd=canary)
    assert "500 of 500 images" in refreshed.stderr


def test_a_few_bytes_of_the_checkpoint(verify: Verify, canary: Path) -> None:
    (path,) = page(canary).parent.glob("*.pth")
    data = bytearray(path.read_bytes())
    data[200_000:200_004] = b"\x00\x00\x80\x3f"
    path.write_bytes(data)
    run = verify("all", "--format", "json", cwd=canary)
    assert run.returncode == 1
    found = verdicts(run)
    assert found["weights"]["status"] == "fail"
    assert "its name says 9854fe73" in found["weights"]["reason"]
    assert found["top_1_accuracy"]["status"] == found["top_5_accuracy"]["status"] == "not_run"
    assert "does not match the digest in its name or in weights.lock" in found["top_1_accuracy"]["reason"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda state: state.pop("s2.b1.conv1.bn.weight"), "s2.b1.conv1.bn.weight"),
        (lambda state: state["head.fc.bias"].fill_(float("nan")), "head.fc.bias contains NaN."),
    ],
)
def test_a_checkpoint_that_does_not_fit(
    verify: Verify, canary: Path, tmp_path: Path, spoil: Callable[[dict[str, torch.Tensor]], object], message: str
) -> None:
    (path,) = page(canary).parent.glob("*.pth")
    state = torch.load(path, weights_only=True)
    spoil(state)
    torch.save(state, tmp_path / "spoiled")
    digest = hashlib.sha256((tmp_path / "spoiled").read_bytes()).hexdigest()[:8]
    (tmp_path / "spoiled").rename(path.with_name(f"regnety_canary-{digest}.pth"))
    edit(canary, path.name, f"regnety_canary-{digest}.pth")
    found = verdicts(verify("all", "--format", "json", cwd=canary))
    assert found["weights"]["status"] == "fail"
    assert message in found["weights"]["reason"]
    assert found["top_1_accuracy"]["status"] == "not_run"
    assert message in found["top_1_accuracy"]["reason"]


def test_two_classes_exchanged(verify: Verify, canary: Path) -> None:
    images = page(canary).parent / "images"
    for source, target in (("3", "x"), ("8", "3"), ("x", "8")):
        (images / source).rename(images / target)
    run = verify("all", "--format", "json", cwd=canary)
    assert run.returncode == 1
    found = verdicts(run)
    assert found["top_1_accuracy"]["status"] == "fail"
    assert "With label order class 3 is 8, 8 is 3 it is 93.800%" in found["top_1_accuracy"]["reason"]


@pytest.mark.parametrize(
    ("kind", "before", "after", "right"),
    [
        ("crop_pct", "Crop Pct: '0.875'", "Crop Pct: '1.0'", "0.875"),
        ("interpolation", "Interpolation: bicubic", "Interpolation: bilinear", "bicubic"),
    ],
)
def test_a_condition_altered(  # noqa: PLR0913, PLR0917 - a parameter for each column
    verify: Verify, canary: Path, kind: str, before: str, after: str, right: str
) -> None:
    edit(canary, before, after)
    run = verify("all", "--format", "json", cwd=canary)
    assert run.returncode == 1
    found = verdicts(run)
    accuracy = found["top_1_accuracy"]
    assert accuracy["status"] == "fail"
    assert f"With {kind} {right} it is 93.800%, which matches the declared value" in accuracy["reason"]
    assert (found[kind]["status"], found[kind]["measured"]) == ("fail", right)
    causes = accuracy["evidence"]["usual_causes"]
    reproduces = causes["columns"].index("reproduces")
    assert {row[reproduces] for row in causes["rows"]} == {"yes", "no"}


def test_a_declared_value_altered(verify: Verify, canary: Path) -> None:
    edit(canary, "Top 1 Accuracy: 93.8%", "Top 1 Accuracy: 93.9%")
    explained = verdicts(verify("all", "--format", "json", cwd=canary))["top_1_accuracy"]
    assert (explained["status"], explained["difference"]) == ("explained", "-0.100 points")
    edit(canary, "Top 1 Accuracy: 93.9%", "Top 1 Accuracy: 97%")
    failed = verdicts(verify("all", "--format", "json", cwd=canary))["top_1_accuracy"]
    assert (failed["status"], failed["measured"]) == ("fail", "93.800%")
    assert "None of the usual causes gives the declared value." in failed["reason"]


def test_an_image_that_is_missing(verify: Verify, canary: Path) -> None:
    next((page(canary).parent / "images" / "4").iterdir()).unlink()
    run = verify("all", "--format", "json", cwd=canary)
    assert run.returncode == 0
    found = verdicts(run)["top_1_accuracy"]
    assert found["status"] == "not_run"
    assert "499 of 500 images found; 1 of 10 classes do not have 50 images (class 4)." in found["reason"]
    assert evidence(found, "interval").endswith("whatever the missing images would give")


def test_a_cached_verdict_is_dropped_if_files_changed(verify: Verify, canary: Path, tmp_path: Path) -> None:
    """This includes a weights file whose name is escaped on the page."""
    edit(canary, "Weights: regnety_canary-9854fe73.pth", 'Weights: "regnety_canary\\x2D9854fe73.pth"')
    assert "13 pass" in verify("all", cwd=canary).stdout
    image = next((page(canary).parent / "images" / "0").iterdir())
    image.rename(tmp_path / image.name)
    assert "6 not run" in verify("all", cwd=canary).stdout
    (tmp_path / image.name).rename(image)
    (weights,) = page(canary).parent.glob("*.pth")
    weights.rename(tmp_path / "moved")
    assert verdicts(verify("all", "--format", "json", cwd=canary))["weights"]["status"] == "not_run"


def test_a_dataset_without_a_known_number_of_images(verify: Verify, canary: Path) -> None:
    edit(canary, "Dataset: Digits", "Dataset: Scans")
    references = canary / "modelindex" / "references"
    references.mkdir()
    (references / "scans.json").write_text(json.dumps({"datasets": {"Scans": {"names": ["Scans"], "classes": 10}}}))
    (canary / "modelindex" / "verify.toml").write_text(SETTINGS.replace("Digits", "Scans"))
    run = verify("all", "--format", "json", cwd=canary)
    found = verdicts(run)["top_1_accuracy"]
    assert found["status"] == "not_run"
    assert found["reason"] == "The references do not state images_per_class of Scans."


def test_an_image_that_does_not_decode(verify: Verify, canary: Path) -> None:
    path = next((page(canary).parent / "images" / "4").iterdir())
    path.write_bytes(path.read_bytes()[:60])
    run = verify("all", "--format", "json", cwd=canary)
    assert run.returncode == 3
    found = verdicts(run)["top_1_accuracy"]
    assert found["status"] == "error"
    assert path.name in found["reason"]
    assert "No image is skipped" in found["reason"]


def test_a_subset_on_purpose(verify: Verify, canary: Path) -> None:
    found = verdicts(verify("all", "--format", "json", "--subset", "100", cwd=canary))["top_1_accuracy"]
    assert found["status"] == "not_run"
    assert "Only 100 of 500 images" in found["reason"]
    assert "95% confidence" in found["reason"]
    assert found["remedy"] == "evaluate all images: run without --subset"


def test_another_precision_is_labelled_and_has_its_own_tolerance(verify: Verify, canary: Path) -> None:
    run = verify("all", "--claim", "top_1*", "--precision", "bf16", "--format", "json", cwd=canary)
    found = verdicts(run)["top_1_accuracy"]
    assert found["method"].startswith("evaluated, bf16")
    assert "0.2 points" in evidence(found, "tolerance")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--device", "cuda:77"), "expected a GPU"),
        (("--device", "toaster"), "expected auto, cpu, cuda"),
        (("--device", "cpu", "--precision", "tf32"), "has no TF32"),
        (("--executor", "ray", "--workers", "2"), "--workers cannot be used with --executor ray"),
    ],
)
def test_a_device_that_is_not_available(verify: Verify, canary: Path, flags: tuple[str, ...], message: str) -> None:
    run = verify("all", *flags, cwd=canary)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_records_replace_the_images_until_something_changes(verify: Verify, canary: Path) -> None:
    recorded = verify("record", cwd=canary)
    assert recorded.returncode == 0, recorded.stderr
    assert recorded.stdout == "regnety_canary on Digits: top-1 93.800%, top-5 99.400%\n"
    path = canary / "modelindex" / "records.json"
    (record,) = json.loads(path.read_text())["records"]
    assert (record["images"], record["top_1"], record["top_5"]) == (500, 469, 497)
    assert record["environment"]["torch"] == torch.__version__
    before = path.read_bytes()
    verify("record", cwd=canary)
    assert path.read_bytes() == before
    (canary / "modelindex" / "verify.toml").write_text('pages = ["canary/canary.md"]\n')
    run = verify("all", "--format", "json", cwd=canary)
    found = verdicts(run)["top_1_accuracy"]
    assert (found["status"], found["measured"]) == ("pass", "93.800%")
    assert f"Recorded on {record['date']}" in found["reason"]
    (weights,) = page(canary).parent.glob("*.pth")
    weights.unlink()
    assert verdicts(verify("all", "--format", "json", cwd=canary))["top_1_accuracy"]["status"] == "pass"
    for before_edit, after in (("0.875", "0.9"), ("9854fe73", "9854fe74")):
        edit(canary, before_edit, after)
        stale = verdicts(verify("all", "--format", "json", cwd=canary))["top_1_accuracy"]
        assert stale["status"] == "not_run"
        assert "is outdated" in stale["reason"]
        edit(canary, after, before_edit)
    edit(canary, "Top 1 Accuracy: 93.8%", "Top 1 Accuracy: 95%")
    assert verify("all", cwd=canary).returncode == 1
    path.write_text("{}")
    broken = verify("all", cwd=canary)
    assert broken.returncode == 2
    assert "expected the keys 'schema' and 'records', got none" in broken.stderr


def test_a_record_is_used_for_its_weights_and_precision_only(verify: Verify, canary: Path) -> None:
    verify("record", cwd=canary)
    path = canary / "modelindex" / "records.json"
    document = json.loads(path.read_text())
    (record,) = document["records"]
    rough = {**record, "precision": "bf16", "top_1": 460}
    path.write_text(json.dumps({**document, "records": [rough, record]}))
    (canary / "modelindex" / "verify.toml").write_text('pages = ["canary/canary.md"]\n')
    assert verdicts(verify("all", "--format", "json", cwd=canary))["top_1_accuracy"]["measured"] == "93.800%"
    asked = verdicts(verify("all", "--precision", "bf16", "--format", "json", cwd=canary))
    assert asked["top_1_accuracy"]["measured"] == "92.000%"
    for spoiled in ({"images": 1, "top_1": 1, "top_5": 1}, {"conditions": {**record["conditions"], "channels": "BGR"}}):
        path.write_text(json.dumps({**document, "records": [{**record, **spoiled}]}))
        found = verdicts(verify("all", "--format", "json", cwd=canary))["top_1_accuracy"]
        assert (found["status"], "is outdated" in found["reason"]) == ("not_run", True)
    for broken in ({"precision": "fp8"}, {"sha256": "9854fe73"}, {"conditions": [1]}, {"images": 500.5}):
        path.write_text(json.dumps({**document, "records": [{**record, **broken}]}))
        assert verify("all", cwd=canary).returncode == 2
    path.write_text(json.dumps(document))
    (weights,) = page(canary).parent.glob("*.pth")
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert verdicts(verify("all", "--format", "json", cwd=canary))["top_1_accuracy"]["status"] == "not_run"


def test_nothing_to_record_is_bad_usage(verify: Verify, canary: Path) -> None:
    (canary / "modelindex" / "verify.toml").write_text('pages = ["canary/canary.md"]\n')
    run = verify("record", cwd=canary)
    assert run.returncode == 2
    assert "Not recorded: regnety_canary: the images of Digits are not on this machine" in run.stderr
    assert not (canary / "modelindex" / "records.json").exists()


def test_two_runs_are_compared(verify: Verify, canary: Path) -> None:
    assert verify("compare", "regnety_canary", cwd=canary).returncode == 2
    verify("all", cwd=canary)
    edit(canary, "Interpolation: bicubic", "Interpolation: box")
    verify("all", "--claim", "top_1*", cwd=canary)
    listed = verify("compare", "regnety_canary", cwd=canary)
    (bicubic,), (box,) = (
        [row.split()[0] for row in listed.stdout.splitlines() if f" 32 0.875 {name} 500 " in " ".join(row.split())]
        for name in ("bicubic", "box")
    )
    compared = verify("compare", "regnety_canary", bicubic, box, cwd=canary)
    assert compared.returncode == 0
    assert "of 500 images" in compared.stdout
    assert "McNemar's exact test: p = " in compared.stdout
    assert "digit_" in compared.stdout
    assert verify("compare", "regnety_canary", "zz", box, cwd=canary).returncode == 2
    assert verify("compare", "regnety_canary", box, cwd=canary).returncode == 2


def test_killed_and_resumed_each_image_counts_once(verify: Verify, canary: Path, tmp_path: Path) -> None:
    enlarge(canary, 10)
    cache = tmp_path / "killed"
    environment = os.environ | {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "harness", "all", "--claim", "top_*", "--format", "json"]

    def shards() -> list[Path]:
        return sorted((cache / "model-card-harness" / "evaluations").glob("*/shard-*.json"))

    killed = 0
    while killed < 3:
        already = len(shards())
        process = subprocess.Popen(
            command, cwd=canary, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        while process.poll() is None and len(shards()) == already:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        killed += 1
    before = {path: path.stat().st_mtime_ns for path in shards()}
    assert 0 < len(before) <= 8
    resumed = verify("all", "--claim", "top_*", "--format", "json", cwd=canary, XDG_CACHE_HOME=str(cache))
    whole = verify("all", "--claim", "top_*", "--format", "json", cwd=canary)
    assert evidence(verdicts(resumed)["top_1_accuracy"], "correct") == "4690 of 5000 images"
    assert verdicts(resumed) == verdicts(whole)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(shards()) == 8
    names = [row[0] for path in shards() for row in json.loads(path.read_text())["predictions"]]
    assert len(names) == len(set(names)) == 5000


@pytest.mark.slow
def test_the_training_script_makes_the_canary(verify: Verify, canary: Path) -> None:
    """Images are the same to the byte. Weights are equal only on the same machine, but equally accurate."""
    folder = page(canary).parent
    committed = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.png")}
    (published,) = folder.glob("regnety_canary-*.pth")
    shutil.rmtree(folder / "images")
    subprocess.run([sys.executable, "train.py"], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.png")} == committed
    (trained,) = folder.glob("regnety_canary-*.pth")
    edit(canary, published.name, trained.name)
    found = verdicts(verify("all", "--format", "json", cwd=canary))
    assert found["weights"]["status"] == "pass"
    assert float(found["top_1_accuracy"]["measured"].rstrip("%")) > 85
