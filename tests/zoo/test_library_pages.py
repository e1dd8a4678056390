"""What torchvision says of its own models, verified as if it were a page."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torchvision

Verify = Callable[..., subprocess.CompletedProcess[str]]


def test_torchvisions_metadata_is_verified(verify: Verify, tmp_path: Path) -> None:
    run = verify("all", "torchvision:regnet_y_4*", "--format", "json", "--jobs", "1", cwd=tmp_path)
    verdicts = {(one["model"], one["claim"]): one for one in json.loads(run.stdout)["verdicts"]}
    assert {model for model, _ in verdicts} - {None} == {
        f"regnet_y_400mf.{weights.name}" for weights in torchvision.models.RegNet_Y_400MF_Weights
    }
    for kind in ("parameters", "flops", "file_size", "name", "library"):
        assert verdicts["regnet_y_400mf.IMAGENET1K_V1", kind]["status"] == "pass"
    assert verdicts["regnet_y_400mf.IMAGENET1K_V2", "top_1_accuracy"]["declared"] == "75.804%"


def test_all_of_torchvisions_metadata_are_read(verify: Verify, tmp_path: Path) -> None:
    run = verify("check", "torchvision:*", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    run = verify("all", "torchvision:vgg16", "--claim", "top_1_accuracy", "--format", "json", cwd=tmp_path)
    with_accuracy = {one["model"] for one in json.loads(run.stdout)["verdicts"]}
    assert with_accuracy == {"vgg16.IMAGENET1K_V1"}, "the weights for detection have no accuracy, and say NaN"


@pytest.mark.parametrize("pattern", ["no_such_model", "faster*"])
def test_models_that_are_not_there_are_bad_usage(verify: Verify, tmp_path: Path, pattern: str) -> None:
    run = verify("all", f"torchvision:{pattern}", cwd=tmp_path)
    assert run.returncode == 2
    assert "got none of that name" in run.stderr


def test_a_page_that_cannot_be_kept_is_read_all_the_same(verify: Verify, tmp_path: Path) -> None:
    run = verify("check", "torchvision:resnet18", cwd=tmp_path, XDG_CACHE_HOME="/dev/null")
    assert (run.returncode, run.stderr) == (0, "")
