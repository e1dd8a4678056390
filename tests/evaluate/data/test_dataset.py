"""Every layout of the same images gives the same dataset; errors name what is missing or unreadable."""

import gzip
import os
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.evaluate.data.dataset import Dataset, DatasetError, DatasetSpec, open_dataset
from harness.evaluate.data.shards import make_shards
from tests.evaluate.images import (
    IDS,
    SPEC,
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


def open_layout(layout: Callable[[Path], None], top: Path) -> Dataset:
    layout(top)
    return open_dataset(top, SPEC)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_dataset(layout: Callable[[Path], None], tmp_path: Path) -> None:
    dataset = open_layout(layout, tmp_path / "images")
    expected = sorted((name, IDS.index(label), data) for name, label, data in labelled())
    assert [(image.name, image.label, image.read()) for image in dataset.images] == expected
    assert dataset.missing is None
    assert dataset.layout == LAYOUTS[layout]
    assert dataset.fingerprint == open_layout(folders, tmp_path / "folders").fingerprint
    order = [image.name for image in make_shards(dataset)[0].images]
    assert order == [image.name for image in make_shards(open_layout(kaggle, tmp_path / "kaggle"))[0].images]
    assert order != sorted(order)


def test_unknown_class_names_are_indexed_in_alphabetical_order(tmp_path: Path) -> None:
    write_folders(tmp_path, DatasetSpec(3, 4, ("tench", "goldfish", "shark")))
    dataset = open_dataset(tmp_path, DatasetSpec(3, 4, IDS))
    assert {image.path.parent.name: image.label for image in dataset.images} == {"goldfish": 0, "shark": 1, "tench": 2}


def test_missing_images_are_named_and_class_indices_stay(tmp_path: Path) -> None:
    for path in (write_folders(tmp_path) / IDS[0]).iterdir():
        path.unlink()
    (tmp_path / IDS[0]).rmdir()
    next((tmp_path / IDS[1]).iterdir()).unlink()
    dataset = open_dataset(tmp_path, SPEC)
    assert {image.label for image in dataset.images} == {1, 2}
    expected = f"7 of 12 images found; 2 of 3 classes do not have 4 images (class {IDS[0]}, {IDS[1]})"
    assert dataset.missing == expected


def test_fingerprint_covers_names_classes_and_content(tmp_path: Path) -> None:
    before = open_layout(folders, tmp_path).fingerprint
    path = min((tmp_path / IDS[0]).iterdir())
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    changed = open_dataset(tmp_path, SPEC).fingerprint
    assert changed != before
    path.write_bytes(data)
    assert open_dataset(tmp_path, SPEC).fingerprint == before
    for source, target in ((IDS[0], "x"), (IDS[1], IDS[0]), ("x", IDS[1])):
        (tmp_path / source).rename(tmp_path / target)
    assert open_dataset(tmp_path, SPEC).fingerprint not in {before, changed}


def test_unusable_images_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="expected a folder for each class"):
        open_dataset(tmp_path, SPEC)
    flat = write_flat(tmp_path / "flat")
    with pytest.raises(DatasetError, match=r"expected LOC_val_solution\.csv"):
        open_dataset(flat, SPEC)
    (flat / "LOC_val_solution.csv").write_text("ImageId,PredictionString\nILSVRC2012_val_00000001,n01440764 1 1 1 1\n")
    with pytest.raises(DatasetError, match=r"got none for 11 images \(first: ILSVRC2012_val_00000002\.png\)"):
        open_dataset(flat, SPEC)
    (flat / "LOC_val_solution.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match="expected the columns ImageId and PredictionString"):
        open_dataset(flat, SPEC)
    strange = write_folders(tmp_path / "strange", DatasetSpec(2, 4, ("cat", "dog")))
    with pytest.raises(DatasetError, match="expected the folders of 3 classes, got 2, of which cat is not"):
        open_dataset(strange, SPEC)


def test_truncated_tar_is_an_error(tmp_path: Path) -> None:
    path = write_tar(tmp_path, folders=True) / "ILSVRC2012_img_val.tar"
    path.write_bytes(path.read_bytes()[:-11000])
    with pytest.raises(DatasetError, match="download it again"):
        open_dataset(tmp_path, SPEC)
    path.write_bytes(b"no tar at all" * 100)
    with pytest.raises(DatasetError, match="download it again"):
        open_dataset(tmp_path, SPEC)


def test_damaged_devkit_is_an_error(tmp_path: Path) -> None:
    flat_with_devkit(tmp_path)
    data = tmp_path / "ILSVRC2012_devkit_t12" / "data"
    ground_truth = data / "ILSVRC2012_validation_ground_truth.txt"
    ground_truth.write_text("999\n" * 12)
    with pytest.raises(DatasetError, match="expected a class number on every line, got 999"):
        open_dataset(tmp_path, SPEC)
    (data / "meta.mat").write_bytes(b"no table")
    with pytest.raises(DatasetError, match=r"meta\.mat: expected the devkit's class table"):
        open_dataset(tmp_path, SPEC)


def test_swapped_folders_change_the_fingerprint_despite_equal_names_sizes_and_times(tmp_path: Path) -> None:
    for label, content in zip(IDS, (b"aaaa", b"bbbb", b"cccc"), strict=True):
        (tmp_path / label).mkdir()
        for number in range(4):
            path = tmp_path / label / f"{number}.png"
            path.write_bytes(content)
            os.utime(path, (1e9, 1e9))
    before = open_dataset(tmp_path, SPEC).fingerprint
    for source, target in ((IDS[0], "x"), (IDS[1], IDS[0]), ("x", IDS[1])):
        (tmp_path / source).rename(tmp_path / target)
    assert open_dataset(tmp_path, SPEC).fingerprint != before


def test_one_misnamed_folder_is_an_error(tmp_path: Path) -> None:
    write_folders(tmp_path)
    (tmp_path / IDS[2]).rename(tmp_path / "n0148485")
    with pytest.raises(DatasetError, match="of which n0148485 is not a class of this dataset"):
        open_dataset(tmp_path, SPEC)


def test_images_that_do_not_belong_are_a_surplus(tmp_path: Path) -> None:
    write_folders(tmp_path)
    path = next((tmp_path / IDS[0]).iterdir())
    path.rename(tmp_path / IDS[1] / path.name)
    dataset = open_dataset(tmp_path, SPEC)
    assert dataset.has_unexpected
    assert dataset.missing is not None


def test_tar_at_a_url_holds_the_same_images(tmp_path: Path) -> None:
    upath = pytest.importorskip("upath", reason="universal-pathlib is not installed")
    archive = write_tar(tmp_path, folders=True) / "ILSVRC2012_img_val.tar"
    local = open_dataset(archive, SPEC)
    url = upath.UPath("memory://bucket/val.tar")
    url.write_bytes(archive.read_bytes())
    remote = open_dataset(url, SPEC)
    assert remote.fingerprint == local.fingerprint
    assert [image.read() for image in remote.images] == [image.read() for image in local.images]
    # Other content of the same length changes the fingerprint, even at once.
    content = archive.read_bytes()
    index = remote.images[3].offset + 40
    url.write_bytes(content[:index] + bytes([content[index] ^ 1]) + content[index + 1 :])
    assert open_dataset(url, SPEC).fingerprint != local.fingerprint


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


@pytest.mark.parametrize("replace", [_fifo, _endless, _dangling, _sparse])
def test_special_and_endless_files_in_place_of_images_are_an_error(
    replace: Callable[[Path], None], tmp_path: Path
) -> None:
    image = min((write_folders(tmp_path) / IDS[0]).iterdir())
    image.unlink()
    replace(image)
    with pytest.raises(DatasetError, match=rf"{image.name}: expected an image .*remove it|special file"):
        open_dataset(tmp_path, SPEC)


@pytest.mark.parametrize("name", ["LOC_val_solution.csv", "ILSVRC2012_devkit_t12.tar.gz"])
@pytest.mark.parametrize("replace", [_fifo, _endless, _dangling])
def test_special_files_in_place_of_labels_are_not_read(
    replace: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    replace(write_flat(tmp_path) / name)
    with pytest.raises(DatasetError, match="to label the images, got none of them"):
        open_dataset(tmp_path, SPEC)


@pytest.mark.parametrize("name", ["LOC_val_solution.csv", "ILSVRC2012_devkit_t12.tar.gz"])
def test_labels_have_a_size_limit(name: str, tmp_path: Path) -> None:
    path = write_flat(tmp_path) / name
    _sparse(path)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(bytes(2**20), 1) * 65)
    with pytest.raises(DatasetError, match="expected at most 67108864 bytes, got more"):
        open_dataset(tmp_path, SPEC)


def test_labels_that_are_not_text_are_an_error(tmp_path: Path) -> None:
    (write_flat(tmp_path) / "LOC_val_solution.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match="expected the columns"):
        open_dataset(tmp_path, SPEC)
    (tmp_path / "LOC_val_solution.csv").unlink()
    flat_with_devkit(tmp_path)
    (tmp_path / "ILSVRC2012_devkit_t12" / "data" / "ILSVRC2012_validation_ground_truth.txt").write_bytes(b"\xff")
    with pytest.raises(DatasetError, match="expected a class number on every line"):
        open_dataset(tmp_path, SPEC)


def test_a_class_table_that_expands_is_an_error(tmp_path: Path) -> None:
    flat_with_devkit(tmp_path)
    element = zlib.compress(bytes(2**26 + 1), 9)
    header = b"MATLAB".ljust(124) + b"\0\x01IM" + struct.pack("<II", 15, len(element))
    (tmp_path / "ILSVRC2012_devkit_t12" / "data" / "meta.mat").write_bytes(header + element)
    with pytest.raises(DatasetError, match="more than 67108864 bytes when expanded"):
        open_dataset(tmp_path, SPEC)


def _member(kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo("a.png")
    member.type, member.size, member.linkname = kind, size, link
    return member


@pytest.mark.parametrize(
    ("kind", "size", "message"),
    [
        (tarfile.REGTYPE, -512, "expected 'a.png' to have a size, got -512|negative|header"),
        (tarfile.XHDTYPE, -512, "a header of -512 bytes|expected an uncompressed tar"),
        (tarfile.GNUTYPE_LONGNAME, 2**40, "a header of|expected an uncompressed tar"),
        (tarfile.SYMTYPE, 0, "got a link or a special file"),
        (tarfile.LNKTYPE, 0, "got a link or a special file"),
        (tarfile.FIFOTYPE, 0, "got a link or a special file"),
        (tarfile.REGTYPE, 2**40, "download it again"),
    ],
)
def test_a_hostile_tar_is_an_error(kind: bytes, size: int, message: str, tmp_path: Path) -> None:
    path = tmp_path / "images.tar"
    header = _member(kind, size, "/etc/passwd" if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else "")
    path.write_bytes(header.tobuf(tarfile.GNU_FORMAT) + _member().tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    with pytest.raises(DatasetError, match=message):
        open_dataset(path, SPEC)
