"""Every layout of the same images is the same dataset; what is missing or cannot be read is named."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.evaluate.data.dataset import Dataset, DatasetError, Shape, open_dataset
from harness.evaluate.data.shards import shards
from tests.evaluate.images import (
    IDS,
    SHAPE,
    labelled,
    write_devkit,
    write_flat,
    write_folders,
    write_table,
    write_tar,
)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def folders(top: Path) -> None:
    write_folders(top)


def folders_below(top: Path) -> None:
    write_folders(top / "val")


def kaggle(top: Path) -> None:
    write_flat(top / "ILSVRC" / "Data" / "CLS-LOC" / "val")
    write_table(top)


def flat_with_table(top: Path) -> None:
    write_table(write_flat(top))


def flat_with_devkit(top: Path) -> None:
    write_devkit(write_flat(top), archive=False)


def flat_with_archived_devkit(top: Path) -> None:
    write_devkit(write_flat(top), archive=True)


def tar_with_devkit(top: Path) -> None:
    write_devkit(write_tar(top, folders=False), archive=True)


def tar_with_table(top: Path) -> None:
    write_table(write_tar(top, folders=False))


def tar_of_folders(top: Path) -> None:
    write_tar(top, folders=True)


LAYOUTS = {
    folders: "a folder per class",
    folders_below: "a folder per class",
    kaggle: "a flat folder, labelled by LOC_val_solution.csv",
    flat_with_table: "a flat folder, labelled by LOC_val_solution.csv",
    flat_with_devkit: "a flat folder, labelled by ILSVRC2012_validation_ground_truth.txt",
    flat_with_archived_devkit: "a flat folder, labelled by ILSVRC2012_validation_ground_truth.txt",
    tar_with_devkit: "a flat tar file, labelled by ILSVRC2012_validation_ground_truth.txt",
    tar_with_table: "a flat tar file, labelled by LOC_val_solution.csv",
    tar_of_folders: "a folder per class, in a tar file",
}


def _found(layout: Callable[[Path], None], top: Path) -> Dataset:
    layout(top)
    return open_dataset(top, SHAPE)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_the_same_dataset(layout: Callable[[Path], None], tmp_path: Path) -> None:
    dataset = _found(layout, tmp_path / "images")
    expected = sorted((name, IDS.index(label), data) for name, label, data in labelled())
    assert [(image.name, image.label, image.read()) for image in dataset.images] == expected
    assert dataset.lacking is None
    assert dataset.layout == LAYOUTS[layout]
    assert dataset.fingerprint == _found(folders, tmp_path / "folders").fingerprint
    order = [image.name for image in shards(dataset)[0].images]
    assert order == [image.name for image in shards(_found(kaggle, tmp_path / "kaggle"))[0].images]
    assert order != sorted(order)


def test_classes_are_numbered_by_sorting_where_their_ids_are_not_on_file(tmp_path: Path) -> None:
    write_folders(tmp_path, Shape(3, 4, ("tench", "goldfish", "shark")))
    dataset = open_dataset(tmp_path, Shape(3, 4, IDS))
    assert {image.path.parent.name: image.label for image in dataset.images} == {"goldfish": 0, "shark": 1, "tench": 2}


def test_what_is_missing_is_named_and_numbers_stay(tmp_path: Path) -> None:
    for path in (write_folders(tmp_path) / IDS[0]).iterdir():
        path.unlink()
    (tmp_path / IDS[0]).rmdir()
    next((tmp_path / IDS[1]).iterdir()).unlink()
    dataset = open_dataset(tmp_path, SHAPE)
    assert {image.label for image in dataset.images} == {1, 2}
    assert dataset.lacking is not None
    assert "7 of 12 images are here; 2 of 3 classes" in dataset.lacking
    assert IDS[0] in dataset.lacking


def test_the_fingerprint_is_of_names_classes_and_content(tmp_path: Path) -> None:
    before = _found(folders, tmp_path).fingerprint
    path = min((tmp_path / IDS[0]).iterdir())
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    changed = open_dataset(tmp_path, SHAPE).fingerprint
    assert changed != before
    path.write_bytes(data)
    assert open_dataset(tmp_path, SHAPE).fingerprint == before
    for source, target in ((IDS[0], "x"), (IDS[1], IDS[0]), ("x", IDS[1])):
        (tmp_path / source).rename(tmp_path / target)
    assert open_dataset(tmp_path, SHAPE).fingerprint not in {before, changed}


def test_what_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="expected a folder for each class"):
        open_dataset(tmp_path, SHAPE)
    flat = write_flat(tmp_path / "flat")
    with pytest.raises(DatasetError, match=r"expected LOC_val_solution\.csv"):
        open_dataset(flat, SHAPE)
    (flat / "LOC_val_solution.csv").write_text("ImageId,PredictionString\nILSVRC2012_val_00000001,n01440764 1 1 1 1\n")
    with pytest.raises(DatasetError, match="11 without, ILSVRC2012_val_00000002"):
        open_dataset(flat, SHAPE)
    (flat / "LOC_val_solution.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match="expected the columns ImageId and PredictionString"):
        open_dataset(flat, SHAPE)
    strange = write_folders(tmp_path / "strange", Shape(2, 4, ("cat", "dog")))
    with pytest.raises(DatasetError, match="expected the folders of 3 classes, got 2, cat among them"):
        open_dataset(strange, SHAPE)


def test_a_truncated_tar_is_told(tmp_path: Path) -> None:
    path = write_tar(tmp_path, folders=True) / "ILSVRC2012_img_val.tar"
    path.write_bytes(path.read_bytes()[:-11000])
    with pytest.raises(DatasetError, match="fetch it again"):
        open_dataset(tmp_path, SHAPE)
    path.write_bytes(b"no tar at all" * 100)
    with pytest.raises(DatasetError, match="fetch it again"):
        open_dataset(tmp_path, SHAPE)


def test_a_broken_devkit_is_told(tmp_path: Path) -> None:
    flat_with_devkit(tmp_path)
    data = tmp_path / "ILSVRC2012_devkit_t12" / "data"
    truth = data / "ILSVRC2012_validation_ground_truth.txt"
    truth.write_text("999\n" * 12)
    with pytest.raises(DatasetError, match="expected a class number on every line, got 999"):
        open_dataset(tmp_path, SHAPE)
    (data / "meta.mat").write_bytes(b"no table")
    with pytest.raises(DatasetError, match=r"meta\.mat: expected the devkit's table"):
        open_dataset(tmp_path, SHAPE)


def test_folders_exchanged_are_noticed_though_names_sizes_and_times_agree(tmp_path: Path) -> None:
    for label, content in zip(IDS, (b"aaaa", b"bbbb", b"cccc"), strict=True):
        (tmp_path / label).mkdir()
        for number in range(4):
            path = tmp_path / label / f"{number}.png"
            path.write_bytes(content)
            os.utime(path, (1e9, 1e9))
    before = open_dataset(tmp_path, SHAPE).fingerprint
    for source, target in ((IDS[0], "x"), (IDS[1], IDS[0]), ("x", IDS[1])):
        (tmp_path / source).rename(tmp_path / target)
    assert open_dataset(tmp_path, SHAPE).fingerprint != before


def test_one_folder_misnamed_is_not_renumbered(tmp_path: Path) -> None:
    write_folders(tmp_path)
    (tmp_path / IDS[2]).rename(tmp_path / "n0148485")
    with pytest.raises(DatasetError, match="n0148485 among them, which is no class of this dataset"):
        open_dataset(tmp_path, SHAPE)


def test_images_that_do_not_belong_are_a_surplus(tmp_path: Path) -> None:
    write_folders(tmp_path)
    path = next((tmp_path / IDS[0]).iterdir())
    path.rename(tmp_path / IDS[1] / path.name)
    dataset = open_dataset(tmp_path, SHAPE)
    assert dataset.surplus
    assert dataset.lacking is not None


def test_a_tar_at_a_url_holds_the_same_images(tmp_path: Path) -> None:
    upath = pytest.importorskip("upath", reason="universal-pathlib is not installed")
    archive = write_tar(tmp_path, folders=True) / "ILSVRC2012_img_val.tar"
    here = open_dataset(archive, SHAPE)
    url = upath.UPath("memory://bucket/val.tar")
    url.write_bytes(archive.read_bytes())
    there = open_dataset(url, SHAPE)
    assert there.fingerprint == here.fingerprint
    assert [image.read() for image in there.images] == [image.read() for image in here.images]
    # Other bytes of the same length are other images, however soon they come.
    content = archive.read_bytes()
    place = there.images[3].offset + 40
    url.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    assert open_dataset(url, SHAPE).fingerprint != here.fingerprint
