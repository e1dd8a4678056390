"""Pages generated from torchvision's metadata of its own models."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torchvision
import yaml

from harness.errors import UserError
from harness.zoo.library_pages import is_library_page, library_pages
from harness.zoo.torchvision_models import other_models
from harness.zoo.torchvision_page import page_text

Verify = Callable[..., subprocess.CompletedProcess[str]]


def entries(pattern: str) -> dict[str, dict[str, Any]]:
    """The models on the page, by name."""
    return {model["Name"]: model for model in yaml.safe_load(page_text(pattern) or "")["Models"]}


def test_torchvision_metadata_is_verified(verify: Verify, tmp_path: Path) -> None:
    run = verify("all", "torchvision:regnet_y_4*", "--format", "json", "--jobs", "1", cwd=tmp_path)
    verdicts = {(verdict["model"], verdict["claim"]): verdict for verdict in json.loads(run.stdout)["verdicts"]}
    assert {model for model, _ in verdicts} - {None} == {
        f"regnet_y_400mf.{weights.name}" for weights in torchvision.models.RegNet_Y_400MF_Weights
    }
    for kind in ("parameters", "flops", "file_size"):
        assert verdicts["regnet_y_400mf.IMAGENET1K_V1", kind]["status"] == "pass"
    assert verdicts["regnet_y_400mf.IMAGENET1K_V2", "top_1_accuracy"]["declared"] == "75.804%"


def test_all_torchvision_metadata_is_read(verify: Verify, tmp_path: Path) -> None:
    run = verify("check", "torchvision:*", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "1 page, 115 models, 1607 claims read.\n"), run.stderr
    with_accuracy = [name for name, entry in entries("vgg16").items() if "Results" in entry]
    assert with_accuracy == ["vgg16.IMAGENET1K_V1"], "the accuracy of the weights for object detection is NaN"


def test_an_unknown_model_is_bad_usage() -> None:
    with pytest.raises(UserError, match=r"torchvision:no_such_model: expected .* found no such model; correct"):
        library_pages([Path("torchvision:no_such_model")])


def test_models_that_are_not_classifiers_are_not_run(verify: Verify, tmp_path: Path) -> None:
    run = verify("all", "torchvision:fcn_resnet50", "--format", "json", cwd=tmp_path)
    verdicts = {verdict["claim"]: verdict for verdict in json.loads(run.stdout)["verdicts"]}
    assert (run.returncode, verdicts["parameters"]["status"], verdicts["flops"]["status"]) == (0, "not_run", "not_run")
    kind = "fcn_resnet50.COCO_WITH_VOC_LABELS_V1 of torchvision is a segmentation model"
    assert verdicts["parameters"]["reason"] == f"The model {kind}; only image classifiers are built."


def test_metadata_of_every_other_model_is_read() -> None:
    for model in other_models():
        weights = torchvision.models.get_model_weights(model)
        assert list(entries(model)) == [f"{model}.{known.name}" for known in weights]
    assert "fcn_resnet50.COCO_WITH_VOC_LABELS_V1" not in entries("*")


def test_a_page_is_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pages = library_pages([Path("torchvision:resnet18"), tmp_path])
    monkeypatch.setattr("harness.zoo.torchvision_page.page_text", lambda _: None)
    assert list(pages) == ["torchvision:resnet18.yml"]
    assert library_pages([Path("torchvision:resnet18")]) == pages


def test_a_page_that_cannot_be_cached_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path("torchvision:resnet18")
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert is_library_page(page)
    assert "Name: resnet18.IMAGENET1K_V1" in library_pages([page])["torchvision:resnet18.yml"]
