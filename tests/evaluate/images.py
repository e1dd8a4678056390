"""Small generated datasets in every layout."""

import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from harness.evaluate.data.dataset import Shape

IDS = ("n01440764", "n01443537", "n01484850")
SHAPE = Shape(3, 4, IDS)


def encoded(number: int, side: int = 12) -> bytes:
    """A PNG of noise, another for each number."""
    pixels = np.random.default_rng(number).integers(0, 256, (side, side + number % 5, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def labelled(shape: Shape = SHAPE) -> list[tuple[str, str, bytes]]:
    """Every image's name, class id and bytes; names as in ImageNet's validation set, classes in turn."""
    return [
        (f"ILSVRC2012_val_{number + 1:08}.png", shape.ids[number % shape.classes], encoded(number))
        for number in range(shape.images)
    ]


def write_folders(top: Path, shape: Shape = SHAPE) -> Path:
    """A folder per class."""
    for name, label, data in labelled(shape):
        (top / label).mkdir(parents=True, exist_ok=True)
        (top / label / name).write_bytes(data)
    return top


def write_flat(top: Path, shape: Shape = SHAPE) -> Path:
    """All images in one folder."""
    top.mkdir(parents=True, exist_ok=True)
    for name, _, data in labelled(shape):
        (top / name).write_bytes(data)
    return top


def write_tar(top: Path, folders: bool, shape: Shape = SHAPE) -> Path:
    """The validation tar, flat as it is published, or with class folders."""
    top.mkdir(parents=True, exist_ok=True)
    with tarfile.open(top / "ILSVRC2012_img_val.tar", "w") as archive:
        for name, label, data in labelled(shape):
            member = tarfile.TarInfo(f"./{label}/{name}" if folders else name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return top


def write_table(top: Path, shape: Shape = SHAPE) -> None:
    """Kaggle's table of classes and boxes."""
    rows = [f"{name.removesuffix('.png')},{label} 85 1 499 272 " for name, label, _ in labelled(shape)]
    (top / "LOC_val_solution.csv").write_text("\n".join(["ImageId,PredictionString", *rows]))


def write_devkit(top: Path, archive: bool, shape: Shape = SHAPE) -> None:
    """The devkit's numbers, in an order of their own, with the table that tells their WordNet ids."""
    numbers = {label: shape.classes - place for place, label in enumerate(shape.ids)}
    data = top / "ILSVRC2012_devkit_t12" / "data"
    data.mkdir(parents=True)
    truth = "\n".join(str(numbers[label]) for _, label, _ in labelled(shape))
    (data / "ILSVRC2012_validation_ground_truth.txt").write_text(truth + "\n")
    rows = [(number, label, 0) for label, number in numbers.items()] + [(shape.classes + 1, "n00001740", 2)]
    kinds = [("ILSVRC2012_ID", float), ("WNID", object), ("num_children", float)]
    savemat(data / "meta.mat", {"synsets": np.array(rows, kinds)})
    if archive:
        with tarfile.open(top / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as file:
            file.add(data.parent, "ILSVRC2012_devkit_t12")
        shutil.rmtree(data.parent)
