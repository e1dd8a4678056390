"""Class labels of a flat folder of ImageNet's validation images, from Kaggle's table or from the devkit."""

import csv
import io
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.project.resources import CLASS_TABLE, DEVKIT, GROUND_TRUTH, LABEL_TABLE

if TYPE_CHECKING:
    from gzip import GzipFile
    from tarfile import TarFile, TarInfo

# Kaggle's table has 10 MiB, the devkit's files have less.
_MOST_BYTES = 64 * 2**20
_COMPRESSED = 15  # the type of a compressed element in a MATLAB file


class DatasetError(Exception):
    """Images or labels that cannot be used; the message names the place, what was expected, and the fix."""


def read_ground_truth(folder: Path) -> tuple[Mapping[str, str], str]:
    """The class id of every image, by file name without suffix, and the name of the file that holds them.

    Looks in `folder` and its parent. Raises DatasetError.
    """
    for place in (folder, folder.absolute().parent):
        if (place / LABEL_TABLE).is_file():
            return _parse_table(_read(place / LABEL_TABLE)), LABEL_TABLE
        for files in (_files_in_folder(place), _files_in_folder(place / DEVKIT / "data"), _files_in_archive(place)):
            if files is not None:
                return _parse_devkit(*files), GROUND_TRUTH
    raise DatasetError(
        f"{folder}: expected {LABEL_TABLE}, {DEVKIT}.tar.gz, or {GROUND_TRUTH} with {CLASS_TABLE}, to label the "
        "images, got none of them; add one, or sort the images into one folder per class"
    )


def _read(path: Path) -> bytes:
    """The bytes of a file, which must be small."""
    with path.open("rb") as file:
        return _limited(path, file)


def _limited(path: Path, file: "IO[bytes] | GzipFile") -> bytes:
    content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise DatasetError(f"{path}: expected at most {_MOST_BYTES} bytes, got more; download it again")
    return content


def _parse_table(content: bytes) -> dict[str, str]:
    """Rows of `ImageId,PredictionString`; the string begins with the class id, followed by bounding boxes."""
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8")))
        return {row["ImageId"]: row["PredictionString"].split()[0] for row in rows}
    except (KeyError, IndexError, AttributeError, UnicodeDecodeError, csv.Error):
        raise DatasetError(
            f"{LABEL_TABLE}: expected the columns ImageId and PredictionString; download it again"
        ) from None


def _files_in_folder(folder: Path) -> tuple[bytes, bytes] | None:
    ground_truth, meta = folder / GROUND_TRUTH, folder / CLASS_TABLE
    return (_read(ground_truth), _read(meta)) if ground_truth.is_file() and meta.is_file() else None


def _files_in_archive(folder: Path) -> tuple[bytes, bytes] | None:
    path = folder / f"{DEVKIT}.tar.gz"
    if not path.is_file():
        return None
    import gzip
    import tarfile

    try:
        with gzip.open(path) as file, tarfile.open(fileobj=io.BytesIO(_limited(path, file)), mode="r:") as archive:
            files = {Path(member.name).name: member for member in tar_members(archive, path) if member.isfile()}
            found = (archive.extractfile(files[name]) for name in (GROUND_TRUTH, CLASS_TABLE))
            ground_truth, meta = (file.read() if file else b"" for file in found)
            return ground_truth, meta
    except (KeyError, ValueError, EOFError, OSError, OverflowError, RecursionError, tarfile.TarError, zlib.error):
        raise DatasetError(
            f"{path}: expected it to contain {GROUND_TRUTH} and {CLASS_TABLE}; download it again"
        ) from None


def tar_members(archive: "TarFile", path: Path) -> Iterator["TarInfo"]:
    """The members of a tar file. Raises DatasetError for a negative size, which has no next member."""
    for member in archive:
        if member.size < 0:
            raise DatasetError(f"{path}: expected {member.name!r} to have a size, got {member.size}; download it again")
        yield member


def _parse_devkit(ground_truth: bytes, meta: bytes) -> dict[str, str]:
    """Line n is the class number of image n; `meta` maps class numbers to WordNet ids."""
    ids = _wordnet_ids(meta)
    try:
        classes = [ids[int(line)] for line in ground_truth.split()]
    except (ValueError, KeyError) as error:
        raise DatasetError(f"{GROUND_TRUTH}: expected a class number on every line, got {error}") from None
    return {f"ILSVRC2012_val_{number:08}": name for number, name in enumerate(classes, 1)}


def _check_expanded(meta: bytes) -> None:
    """Raise ValueError if the compressed elements of a MATLAB file (version 5) expand to more than the limit."""
    position, total = 128, 0
    while position + 8 <= len(meta) and total <= _MOST_BYTES:
        kind, length = struct.unpack_from("<II" if meta[126:128] == b"IM" else ">II", meta, position)
        if kind == _COMPRESSED:
            content = meta[position + 8 : position + 8 + length]
            total += len(zlib.decompressobj().decompress(content, _MOST_BYTES + 1))
        position += 8 + length
    if total > _MOST_BYTES:
        raise ValueError(f"more than {_MOST_BYTES} bytes when expanded")


def _wordnet_ids(meta: bytes) -> dict[int, str]:
    from scipy.io import loadmat

    try:
        _check_expanded(meta)
        synsets = loadmat(io.BytesIO(meta), squeeze_me=True)["synsets"]
        ids = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in synsets if int(row["num_children"]) == 0}
    except Exception as error:  # noqa: BLE001 - a damaged file can fail anywhere in the reader
        raise DatasetError(
            f"{CLASS_TABLE}: expected the devkit's class table, got {error}; download it again"
        ) from None
    if not all(re.fullmatch(r"n\d{8}", name) for name in ids.values()):
        raise DatasetError(f"{CLASS_TABLE}: expected WordNet ids; download it again")
    return ids
