"""A claim changed by its smallest step is no longer confirmed, for every kind of claim."""

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch

from harness.checks import CHECKS, training
from harness.project.resources import Resources
from harness.verdict import Status
from harness.zoo import Network
from harness.zoo.regnet import build
from harness.zoo.timm_models import timm_version
from tests.conftest import judged, page_text, verdicts_on
from tests.measure.test_source import git

CONFIRMED = {Status.PASS, Status.EXPLAINED}


def _weights() -> bytes:
    """A file of tensors that fit the network."""
    network = build("regnety_002")
    state = {network.checkpoint_name(name): torch.ones_like(tensor, device="cpu") for name, tensor in _state(network)}
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


def _state(network: Network) -> Iterable[tuple[str, torch.Tensor]]:
    return network.module.state_dict().items()


WEIGHTS = _weights()
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()[:8]

# kind → a text of the page, and the same text with its value one step away. The first occurrence is changed.
STEPS = {
    "parameters": ("Parameters: 3160000", "Parameters: 3170000"),
    "flops": ("FLOPs: 255754236", "FLOPs: 255754237"),
    "file_size": (f"File Size: {len(WEIGHTS)}\n", f"File Size: {len(WEIGHTS) + 1}\n"),
    "architecture": ("    - ReLU\n", "    - ReLU6\n"),
    "tasks": ("    - Image Classification\n", "    - Image Segmentation\n"),
    "training_techniques": ("- SGD with Momentum", "- SGD"),
    "training_data": ("    - ImageNet\n", "    - ImageNet-21k\n"),
    "training_resources": ("8x NVIDIA V100", "7x NVIDIA V100"),
    "id": ("ID: regnety_002", "ID: regnety_003"),
    "library": ("Library: timm", "Library: timn"),
    "name": ("- Name: regnety_002", "- Name: regnety_003"),
    "epochs": ("Epochs: 100", "Epochs: 101"),
    "crop_pct": ("'0.875'", "'0.876'"),
    "momentum": ("Momentum: 0.9", "Momentum: 0.8"),
    "batch_size": ("Batch Size: 1024", "Batch Size: 1025"),
    "image_size": ("'224'", "'225'"),
    "weight_decay": ("5.0e-05", "5.1e-05"),
    "interpolation": ("bicubic", "bilinear"),
    "code": ("#L1\n", "#L3\n"),
    "weights": (f"regnety_002-{DIGEST}", f"regnety_002-{int(DIGEST, 16) ^ 1:08x}"),
    "create_model": (f"regnety_002-{DIGEST}", f"regnety_002_ra-{DIGEST}"),
    "task": ("  - Task: Image Classification", "  - Task: Image Segmentation"),
    "dataset": ("Dataset: ImageNet", "Dataset: ImageNet-21k"),
    "top_1_accuracy": ("70.28%", "70.43%"),
    "top_5_accuracy": ("89.55%", "89.58%"),
    "in_collection": ("In Collection: RegNetY\n", "In Collection: Regnet\n"),
    "collection_name": ("- Name: RegNetY\n", "- Name: RegNet\n- Name: RegNetY\n"),
    "paper_title": ("Title: Designing Network Design Spaces\n", "Title: Designing Network Design Space\n"),
    "paper_url": ("paper/designing-network-design-spaces\n", "paper/designing-network-design-space\n"),
    "initial_width": ("w\\_{0} > 0", "w\\_{0} > 24"),
    "slope": ("w\\_{a} > 0", "w\\_{a} < 0"),
    "width_multiplier": ("w\\_{m} \\geq 2", "w\\_{m} \\geq 3"),
    "depth": ("12 \\leq d", "13 \\leq d"),
    "bottleneck_ratio": ("b = 1$", "b = 2$"),
    "block_index": ("j < d", "j > d"),
    "block_width": ("w\\_{a}\\cdot{j}", "w\\_{a}"),
    "include": ("code_snippets.md", "code_snippet.md"),
    "block": ("[Squeeze-and-Excitation blocks]", "[Depthwise blocks]"),
}


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    """A weights file and a source repository that agree with the page."""
    folder = tmp_path_factory.mktemp("resources")
    (folder / f"regnety_002-{DIGEST}.pth").write_bytes(WEIGHTS)
    (folder / "regnet.py").write_text("@register_model\ndef regnety_002():\n    pass\n")
    git(folder, "init", "-q")
    git(folder, "add", "regnet.py")
    git(folder, "commit", "-qm", "source")
    return Resources(weights=folder, source=folder, timm=timm_version())


def _confirmable(resources: Resources) -> str:
    """The page without its faults, with the commit and the digests of the resources."""
    commit = git(resources.source or Path(), "rev-parse", "HEAD")
    text = page_text().replace("ID: regnety_002\n", "ID: regnety_002\n    Library: timm\n")
    text = text.replace("d8e69206be253892b2956341fea09fdebfaae4e3/timm/models", commit).replace("#L409", "#L1")
    return text.replace("File Size: 12782926", f"File Size: {len(WEIGHTS)}").replace("e68ca334", DIGEST)


def _changed(kind: str, resources: Resources) -> str:
    before, after = STEPS[kind]
    text = _confirmable(resources)
    assert before in text
    text = text.replace(before, after, 1)
    return text.replace("Collections:\n", "Collections:\n- Name: Regnet\n") if kind == "in_collection" else text


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_a_step_away_is_not_confirmed(kind: str, resources: Resources) -> None:
    first = verdicts_on(_changed(kind, resources), resources, lambda claim: claim.kind == kind)[0]
    assert first.status not in CONFIRMED, first
    assert first.status is not Status.ERROR, first
    assert first.reason


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_before_the_step_it_is_confirmed(kind: str, resources: Resources) -> None:
    """Otherwise the other test could pass because no claim is confirmed. Accuracy needs a measurement."""
    first = verdicts_on(_confirmable(resources), resources, lambda claim: claim.kind == kind)[0]
    assert (first.status in CONFIRMED) == (kind not in {"top_1_accuracy", "top_5_accuracy", "include"}), first


def test_every_kind_with_a_check_is_stepped() -> None:
    # A README is looked up beside its page, and these pages have no folder: tests/index covers them. The page has no
    # layers and no other numbers of its training: test_layers and test_training cover them.
    assert STEPS.keys() | {"text", "readme", "layers", *training.KINDS} == CHECKS.keys()


def test_corrected_text_passes() -> None:
    verdict = judged(page_text().replace("DollÃ¡r", "Dollár"), select=lambda claim: claim.kind == "text")
    assert verdict[None, "text"].status is Status.PASS


def test_a_true_architecture_passes_and_an_absent_part_fails() -> None:
    kinds = {"architecture"}
    assert {v.status for v in judged(page_text(), select=lambda claim: claim.kind in kinds).values()} == {Status.PASS}
    more = page_text().replace("    - ReLU\n", "    - ReLU\n    - Depthwise Convolution\n", 1)
    verdict = judged(more, select=lambda claim: claim.kind in kinds)["regnety_002", "architecture"]
    assert (verdict.status, verdict.difference) == (Status.FAIL, "-Depthwise Convolution")
