"""`verify all` on 1000 classes of 50 generated images, as in ImageNet, compared with an independent loop."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import create_transform
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from harness.project.references import SHIPPED
from tests.conftest import page_text
from tests.verify.canary import Verify, evidence

IDS = json.loads((SHIPPED / "imagenet.json").read_text())["datasets"]["ImageNet-1k"]["ids"]
SIDE, DISTINCT = 32, 200


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    """Distinct images; the 50 000 files are links to them."""
    generator = np.random.default_rng(0)
    found = []
    for _ in range(DISTINCT):
        small = Image.fromarray(generator.integers(0, 256, (5, 6, 3), np.uint8))
        stream = io.BytesIO()
        small.resize((40, 34), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=80)
        found.append(stream.getvalue())
    return found


@pytest.fixture(scope="module")
def labels() -> dict[str, int]:
    """Every image's class."""
    return {f"ILSVRC2012_val_{number + 1:08}.JPEG": number * 7 % 1000 for number in range(50_000)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, pictures: list[bytes], labels: dict[str, int]) -> Path:
    top = tmp_path_factory.mktemp("imagenet")
    (top / "distinct").mkdir()
    for number, data in enumerate(pictures):
        (top / "distinct" / str(number)).write_bytes(data)
    for name in IDS:
        (top / "val" / name).mkdir(parents=True)
    for number, (name, label) in enumerate(labels.items()):
        os.link(top / "distinct" / str(number % DISTINCT), top / "val" / IDS[label] / name)
    return top


def state() -> tuple[torch.nn.Module, bytes]:
    """timm's network with random weights that tell images apart, and a weights file of it."""
    torch.manual_seed(3)
    network = timm.create_model("regnety_002").eval()
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif name.endswith("bn.weight"):
            tensor.uniform_(0.5, 1.0)
        elif name == "head.fc.weight":
            tensor.normal_(0, 1)
    stream = io.BytesIO()
    torch.save(network.state_dict(), stream)
    return network, stream.getvalue()


def counted_by_a_loop(network: torch.nn.Module, pictures: list[bytes], labels: dict[str, int]) -> tuple[int, int]:
    """timm's transform and network; each distinct image once, counted for every file that holds it."""
    transform = create_transform(
        (3, SIDE, SIDE), interpolation="bicubic", crop_pct=0.875, mean=IMAGENET_DEFAULT_MEAN, std=IMAGENET_DEFAULT_STD
    )
    images = torch.stack([transform(Image.open(io.BytesIO(data)).convert("RGB")) for data in pictures])
    with torch.inference_mode():
        ranked = network(images).argsort(dim=1, descending=True)[:, :5].tolist()
    ranks = [ranked[number % DISTINCT] for number in range(len(labels))]
    pairs = list(zip(ranks, labels.values(), strict=True))
    return sum(first[0] == label for first, label in pairs), sum(label in five for five, label in pairs)


@pytest.mark.slow
def test_the_full_command_on_folder_and_tar(
    verify: Verify, tmp_path: Path, folder: Path, pictures: list[bytes], labels: dict[str, int]
) -> None:
    network, data = state()
    digest = hashlib.sha256(data).hexdigest()[:8]
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / f"regnety_002-{digest}.pth").write_bytes(data)
    top_1, top_5 = counted_by_a_loop(network, pictures, labels)
    assert 0 < top_1 < top_5
    text = page_text().replace("e68ca334", digest).replace("Image Size: '224'", f"Image Size: '{SIDE}'", 1)
    text = text.replace("70.28%", f"{top_1 / 500:.3f}%").replace("89.55%", f"{top_5 / 500:.3f}%")
    (tmp_path / "page.md").write_text(text)
    command = ("all", "page.md", "--model", "regnety_002", "--weights", "weights", "--format", "json", "--imagenet")
    run = verify(*command, str(folder))
    found = _by_kind(run)
    assert "50000 images of 1000 classes: a folder per class" in run.stderr
    assert evidence(found["top_1_accuracy"], "correct") == f"{top_1} of 50000 images"
    assert evidence(found["top_5_accuracy"], "correct") == f"{top_5} of 50000 images"
    kinds = ("top_1_accuracy", "top_5_accuracy", "weights", "image_size", "crop_pct", "interpolation", "dataset")
    assert {kind: found[kind]["status"] for kind in kinds} == dict.fromkeys(kinds, "pass")
    # The same images in a tar file are not evaluated again: evaluations are stored by content.
    flat = tmp_path / "flat"
    flat.mkdir()
    with tarfile.open(flat / "ILSVRC2012_img_val.tar", "w") as archive:
        for number, name in enumerate(labels):
            member = tarfile.TarInfo(name)
            member.size = len(pictures[number % DISTINCT])
            archive.addfile(member, io.BytesIO(pictures[number % DISTINCT]))
    rows = [f"{name.removesuffix('.JPEG')},{IDS[label]} 1 1 9 9" for name, label in labels.items()]
    (flat / "LOC_val_solution.csv").write_text("\n".join(["ImageId,PredictionString", *rows]))
    again = verify(*command, str(flat))
    assert "a flat tar file, labelled by LOC_val_solution.csv" in again.stderr
    assert "50000 of 50000" not in again.stderr
    assert _by_kind(again)["top_1_accuracy"]["measured"] == found["top_1_accuracy"]["measured"]
    # With --refresh, the images are read from the tar file.
    part = verify(*command, str(flat), "--subset", "2000", "--refresh")
    assert "2000 of 2000 images" in part.stderr
    assert evidence(_by_kind(part)["top_1_accuracy"], "correct").endswith(" of 2000 images")


def _by_kind(run: subprocess.CompletedProcess[str], *codes: int) -> dict[str, Any]:
    assert run.returncode in (codes or {0, 1}), run.stderr
    return {verdict["claim"]: verdict for verdict in json.loads(run.stdout)["verdicts"]}


def test_a_folder_that_holds_no_images(verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    _, data = state()
    digest = hashlib.sha256(data).hexdigest()[:8]
    (tmp_path / f"regnety_002-{digest}.pth").write_bytes(data)
    (tmp_path / "page.md").write_text(page_text().replace("e68ca334", digest))
    command = ("all", "page.md", "--model", "regnety_002", "--weights", ".", "--format", "json", "--imagenet", "empty")
    run = verify(*command)
    found = _by_kind(run, 3)["top_1_accuracy"]
    assert found["status"] == "error"
    assert "empty: expected a folder for each class" in found["reason"]
