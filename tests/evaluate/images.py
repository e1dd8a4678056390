"""Small generated datasets in every layout."""

import io
import shutil
import tarfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from harness.evaluate.data.dataset import DatasetSpec

IDS = ("n01440764", "n01443537", "n01484850")
SPEC = DatasetSpec(3, 4, IDS)


@cache
def encoded(number: int, side: int = 12) -> bytes:
    """A PNG of random pixels, different for each number."""
    pixels = np.random.default_rng(number).integers(0, 256, (side, side + number % 5, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def labelled(spec: DatasetSpec = SPEC) -> list[tuple[str, str, bytes]]:
    """The name, class id and content of every image; names as in ImageNet's validation set, classes in turn."""
    return [
        (f"ILSVRC2012_val_{number + 1:08}.png", spec.class_ids[number % spec.classes], encoded(number))
        for number in range(spec.images)
    ]


def write_folders(top: Path, spec: DatasetSpec = SPEC) -> Path:
    """A folder per class."""
    for name, label, data in labelled(spec):
        (top / label).mkdir(parents=True, exist_ok=True)
        (top / label / name).write_bytes(data)
    return top


def write_flat(top: Path, spec: DatasetSpec = SPEC) -> Path:
    """All images in one folder."""
    top.mkdir(parents=True, exist_ok=True)
    for name, _, data in labelled(spec):
        (top / name).write_bytes(data)
    return top


def write_tar(top: Path, folders: bool, spec: DatasetSpec = SPEC) -> Path:
    """The validation images as a tar file, flat as published, or with class folders."""
    top.mkdir(parents=True, exist_ok=True)
    with tarfile.open(top / "ILSVRC2012_img_val.tar", "w") as archive:
        for name, label, data in labelled(spec):
            member = tarfile.TarInfo(f"./{label}/{name}" if folders else name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return top


def write_table(top: Path, spec: DatasetSpec = SPEC) -> None:
    """Kaggle's table of classes and bounding boxes."""
    rows = [f"{name.removesuffix('.png')},{label} 85 1 499 272 " for name, label, _ in labelled(spec)]
    (top / "LOC_val_solution.csv").write_text("\n".join(["ImageId,PredictionString", *rows]))


def write_devkit(top: Path, archive: bool, spec: DatasetSpec = SPEC) -> None:
    """The devkit: class numbers in an order of its own, and the table of their WordNet ids."""
    numbers = {label: spec.classes - index for index, label in enumerate(spec.class_ids)}
    data = top / "ILSVRC2012_devkit_t12" / "data"
    data.mkdir(parents=True)
    ground_truth = "\n".join(str(numbers[label]) for _, label, _ in labelled(spec))
    (data / "ILSVRC2012_validation_ground_truth.txt").write_text(ground_truth + "\n")
    rows = [(number, label, 0) for label, number in numbers.items()] + [(spec.classes + 1, "n00001740", 2)]
    kinds = [("ILSVRC2012_ID", float), ("WNID", object), ("num_children", float)]
    savemat(data / "meta.mat", {"synsets": np.array(rows, kinds)})
    if archive:
        with tarfile.open(top / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as file:
            file.add(data.parent, "ILSVRC2012_devkit_t12")
        shutil.rmtree(data.parent)
