"""The classes of a flat folder of ImageNet's validation images: Kaggle's table, or the devkit's ground truth."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

_TABLE = "LOC_val_solution.csv"
_DEVKIT = "ILSVRC2012_devkit_t12"
_GROUND_TRUTH, _META = "ILSVRC2012_validation_ground_truth.txt", "meta.mat"


class TruthError(Exception):
    """The classes of a flat folder's images cannot be told; the message says what was looked for, and the mend."""


def truth_files(folder: Path) -> list[Path]:
    """Every file that may tell the classes of the images in `folder`."""
    places = (folder, folder.absolute().parent)
    return [place / name for place in places for name in (_TABLE, _GROUND_TRUTH, _META, _DEVKIT, f"{_DEVKIT}.tar.gz")]


def read_truth(folder: Path) -> tuple[Mapping[str, str], str]:
    """The class id of every image, by its file's name without suffix, and the name of the file that says so.

    Looks in `folder` and the folder above it. Raises TruthError where there is nothing to read.
    """
    for place in (folder, folder.absolute().parent):
        if (place / _TABLE).is_file():
            return _from_table((place / _TABLE).read_text("utf-8")), _TABLE
        for files in (_in_folder(place), _in_folder(place / _DEVKIT / "data"), _in_archive(place)):
            if files is not None:
                return _from_devkit(*files), _GROUND_TRUTH
    raise TruthError(
        f"{folder}: expected {_TABLE}, {_DEVKIT}.tar.gz, or {_GROUND_TRUTH} with {_META}, to tell the classes of the "
        "images, got none of them; put one there, or sort the images into a folder for each class"
    )


def _from_table(text: str) -> dict[str, str]:
    """Rows of `ImageId,PredictionString`; the string begins with the class, and boxes follow."""
    rows = csv.DictReader(io.StringIO(text))
    try:
        return {row["ImageId"]: row["PredictionString"].split()[0] for row in rows}
    except (KeyError, IndexError, AttributeError, csv.Error):
        raise TruthError(f"{_TABLE}: expected the columns ImageId and PredictionString; fetch it again") from None


def _in_folder(folder: Path) -> tuple[str, bytes] | None:
    truth, meta = folder / _GROUND_TRUTH, folder / _META
    return (truth.read_text("ascii"), meta.read_bytes()) if truth.is_file() and meta.is_file() else None


def _in_archive(folder: Path) -> tuple[str, bytes] | None:
    path = folder / f"{_DEVKIT}.tar.gz"
    if not path.is_file():
        return None
    import tarfile

    try:
        with tarfile.open(path) as archive:
            files = {Path(member.name).name: archive.extractfile(member) for member in archive if member.isfile()}
            truth, meta = files.get(_GROUND_TRUTH), files.get(_META)
            if truth is not None and meta is not None:
                return truth.read().decode("ascii"), meta.read()
    except (tarfile.TarError, EOFError, UnicodeDecodeError):
        pass
    raise TruthError(f"{path}: expected {_GROUND_TRUTH} and {_META} in it; fetch it again")


def _from_devkit(truth: str, meta: bytes) -> dict[str, str]:
    """The n-th line is the number of the n-th image's class; `meta` tells each number's WordNet id."""
    ids = _ids(meta)
    try:
        classes = [ids[int(line)] for line in truth.split()]
    except (ValueError, KeyError) as error:
        raise TruthError(f"{_GROUND_TRUTH}: expected a class number on every line, got {error}") from None
    return {f"ILSVRC2012_val_{number:08}": name for number, name in enumerate(classes, 1)}


def _ids(meta: bytes) -> dict[int, str]:
    try:
        from scipy.io import loadmat
    except ImportError:
        mend = f"pip install 'model-card-harness[devkit]', or put {_TABLE} beside the images"
        raise TruthError(f"{_META}: expected scipy to read it, got no such package; {mend}") from None
    try:
        synsets = loadmat(io.BytesIO(meta), squeeze_me=True)["synsets"]
        ids = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in synsets if int(row["num_children"]) == 0}
    except Exception as error:  # noqa: BLE001 - a damaged file fails anywhere in the reader
        raise TruthError(f"{_META}: expected the devkit's table of classes, got {error}; fetch it again") from None
    if not all(re.fullmatch(r"n\d{8}", name) for name in ids.values()):
        raise TruthError(f"{_META}: expected WordNet ids; fetch it again")
    return ids
