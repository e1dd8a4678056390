"""Class labels of a flat folder of ImageNet's validation images, from Kaggle's table or from the devkit."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

_TABLE = "LOC_val_solution.csv"
_DEVKIT = "ILSVRC2012_devkit_t12"
_GROUND_TRUTH, _META = "ILSVRC2012_validation_ground_truth.txt", "meta.mat"


class DatasetError(Exception):
    """Images or labels that cannot be used; the message names the place, what was expected, and the fix."""


def ground_truth_files(folder: Path) -> list[Path]:
    """Every path that may hold the labels of the images in `folder`."""
    names = (_TABLE, _GROUND_TRUTH, _META, _DEVKIT, f"{_DEVKIT}.tar.gz")
    return [place / name for place in (folder, folder.absolute().parent) for name in names]


def read_ground_truth(folder: Path) -> tuple[Mapping[str, str], str]:
    """The class id of every image, by file name without suffix, and the name of the file that holds them.

    Looks in `folder` and its parent. Raises DatasetError.
    """
    for place in (folder, folder.absolute().parent):
        if (place / _TABLE).is_file():
            return _parse_table((place / _TABLE).read_text("utf-8")), _TABLE
        for files in (_files_in_folder(place), _files_in_folder(place / _DEVKIT / "data"), _files_in_archive(place)):
            if files is not None:
                return _parse_devkit(*files), _GROUND_TRUTH
    raise DatasetError(
        f"{folder}: expected {_TABLE}, {_DEVKIT}.tar.gz, or {_GROUND_TRUTH} with {_META}, to label the images, got "
        "none of them; add one, or sort the images into one folder per class"
    )


def _parse_table(text: str) -> dict[str, str]:
    """Rows of `ImageId,PredictionString`; the string begins with the class id, followed by bounding boxes."""
    rows = csv.DictReader(io.StringIO(text))
    try:
        return {row["ImageId"]: row["PredictionString"].split()[0] for row in rows}
    except (KeyError, IndexError, AttributeError, csv.Error):
        raise DatasetError(f"{_TABLE}: expected the columns ImageId and PredictionString; download it again") from None


def _files_in_folder(folder: Path) -> tuple[str, bytes] | None:
    ground_truth, meta = folder / _GROUND_TRUTH, folder / _META
    return (ground_truth.read_text("ascii"), meta.read_bytes()) if ground_truth.is_file() and meta.is_file() else None


def _files_in_archive(folder: Path) -> tuple[str, bytes] | None:
    path = folder / f"{_DEVKIT}.tar.gz"
    if not path.is_file():
        return None
    import tarfile

    try:
        with tarfile.open(path) as archive:
            files = {Path(member.name).name: archive.extractfile(member) for member in archive if member.isfile()}
            ground_truth, meta = files.get(_GROUND_TRUTH), files.get(_META)
            if ground_truth is not None and meta is not None:
                return ground_truth.read().decode("ascii"), meta.read()
    except (tarfile.TarError, EOFError, UnicodeDecodeError):
        pass
    raise DatasetError(f"{path}: expected it to contain {_GROUND_TRUTH} and {_META}; download it again")


def _parse_devkit(ground_truth: str, meta: bytes) -> dict[str, str]:
    """Line n is the class number of image n; `meta` maps class numbers to WordNet ids."""
    ids = _wordnet_ids(meta)
    try:
        classes = [ids[int(line)] for line in ground_truth.split()]
    except (ValueError, KeyError) as error:
        raise DatasetError(f"{_GROUND_TRUTH}: expected a class number on every line, got {error}") from None
    return {f"ILSVRC2012_val_{number:08}": name for number, name in enumerate(classes, 1)}


def _wordnet_ids(meta: bytes) -> dict[int, str]:
    from scipy.io import loadmat

    try:
        synsets = loadmat(io.BytesIO(meta), squeeze_me=True)["synsets"]
        ids = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in synsets if int(row["num_children"]) == 0}
    except Exception as error:  # noqa: BLE001 - a damaged file can fail anywhere in the reader
        raise DatasetError(f"{_META}: expected the devkit's class table, got {error}; download it again") from None
    if not all(re.fullmatch(r"n\d{8}", name) for name in ids.values()):
        raise DatasetError(f"{_META}: expected WordNet ids; download it again")
    return ids
