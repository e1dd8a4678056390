"""Pages generated from torchvision's metadata of its own models."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import torchvision
import yaml

from harness.zoo.torchvision_models import other_models
from harness.zoo.torchvision_page import page_text

Verify = Callable[..., subprocess.CompletedProcess[str]]


def entries(pattern: str) -> list[str]:
    """The names of the models on the page."""
    return [model["Name"] for model in yaml.safe_load(page_text(pattern) or "")["Models"]]


def test_torchvision_metadata_is_verified(verify: Verify, tmp_path: Path) -> None:
    run = verify("all", "torchvision:regnet_y_4*", "--format", "json", "--jobs", "1", cwd=tmp_path)
    verdicts = {(verdict["model"], verdict["claim"]): verdict for verdict in json.loads(run.stdout)["verdicts"]}
    assert {model for model, _ in verdicts} - {None} == {
        f"regnet_y_400mf.{weights.name}" for weights in torchvision.models.RegNet_Y_400MF_Weights
    }
    for kind in ("parameters", "flops", "file_size", "name", "library"):
        assert verdicts["regnet_y_400mf.IMAGENET1K_V1", kind]["status"] == "pass"
    assert verdicts["regnet_y_400mf.IMAGENET1K_V2", "top_1_accuracy"]["declared"] == "75.804%"


def test_all_torchvision_metadata_is_read(verify: Verify, tmp_path: Path) -> None:
    run = verify("check", "torchvision:*", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    run = verify("all", "torchvision:vgg16", "--claim", "top_1_accuracy", "--format", "json", cwd=tmp_path)
    with_accuracy = {verdict["model"] for verdict in json.loads(run.stdout)["verdicts"]}
    assert with_accuracy == {"vgg16.IMAGENET1K_V1"}, "the accuracy of the weights for object detection is NaN"


def test_an_unknown_model_is_bad_usage(verify: Verify, tmp_path: Path) -> None:
    run = verify("all", "torchvision:no_such_model", cwd=tmp_path)
    assert run.returncode == 2
    assert "found no such model" in run.stderr


def test_models_that_are_not_classifiers_are_not_run(verify: Verify, tmp_path: Path) -> None:
    run = verify("all", "torchvision:fcn_resnet50", "--format", "json", cwd=tmp_path)
    verdicts = {verdict["claim"]: verdict for verdict in json.loads(run.stdout)["verdicts"]}
    assert (run.returncode, verdicts["parameters"]["status"], verdicts["flops"]["status"]) == (0, "not_run", "not_run")
    kind = "fcn_resnet50.COCO_WITH_VOC_LABELS_V1 is a segmentation model"
    assert verdicts["parameters"]["reason"] == f"Torchvision's {kind}; only image classifiers are built."


def test_metadata_of_every_other_model_is_read() -> None:
    for model in other_models():
        weights = torchvision.models.get_model_weights(model)
        assert entries(model) == [f"{model}.{known.name}" for known in weights]


def test_a_page_that_cannot_be_cached_is_still_read(verify: Verify, tmp_path: Path) -> None:
    run = verify("check", "torchvision:resnet18", cwd=tmp_path, XDG_CACHE_HOME="/dev/null")
    assert (run.returncode, run.stderr) == (0, "")
