"""The structure of a torch file, checked before torch loads it: loading then takes no more than the file's own size."""

import io
import os
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from harness.measure.torch_objects import Storage, Tensor
from harness.measure.torch_pickle import MOST_PICKLE_BYTES, follow_pickle
from harness.measure.weights_file_error import TRUNCATED, WeightsFileError

# A storage has one entry of about 100 bytes: enough for 160 000.
_MOST_DIRECTORY_BYTES = 16 * 2**20
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES, _TAIL_BYTES = 22, 98
_UTF_8, _SIZES_64 = 0x800, b"\1\0"  # the flag of names in UTF-8, and the extra field of large sizes
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


def check_torch_file(path: Path) -> None:
    """Check that a file holds a state dict of dense tensors whose values are all inside the file.

    Raises WeightsFileError, OSError.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        content = _from_zip(file, size) if file.read(2) == b"PK" else _from_legacy(file, size)
    if not isinstance(content, Mapping):
        kind = type(content).__name__.lstrip("_")
        raise WeightsFileError(f"The file contains a {kind}; expected a mapping of names to tensors.")
    for name, value in content.items():
        if not isinstance(name, str) or not (isinstance(value, Tensor) or getattr(value, "filled", False)):
            raise WeightsFileError(f"{name!r} is a {type(value).__name__.lstrip('_')}; expected a tensor.")


def _from_zip(file: IO[bytes], size: int) -> Any:
    _check_directory(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_entries(entries, size)
            prefix = entries[0].filename.partition("/")[0]
            pickle = archive.getinfo(f"{prefix}/data.pkl")
            if pickle.file_size > MOST_PICKLE_BYTES:
                raise WeightsFileError(f"data.pkl has {pickle.file_size} bytes; expected at most {MOST_PICKLE_BYTES}.")
            content, storages = follow_pickle(io.BytesIO(archive.read(pickle)))
    except WeightsFileError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged archive fails anywhere in the reader
        message = str(error).strip("'\"") or "it has no entries"
        raise WeightsFileError(f"The file cannot be read: {message}; download it again.") from None
    sizes = {entry.filename: entry.file_size for entry in entries}
    for storage in storages.values():
        found = sizes.get(f"{prefix}/data/{storage.key}")
        if found != storage.bytes:
            raise WeightsFileError(
                f"Storage {storage.key!r} has {found or 0} bytes in the file; expected {storage.bytes}; download the "
                "file again."
            )
    return content


def _check_directory(file: IO[bytes], size: int) -> None:
    """Check the zip directory's place and size, so that every reader of zip files finds the same one."""
    file.seek(max(size - _TAIL_BYTES, 0))
    tail = file.read(_TAIL_BYTES)
    end = tail[-_END_BYTES:]
    if len(end) < _END_BYTES or not end.startswith(_END) or end[-2:] != b"\0\0":
        raise WeightsFileError(TRUNCATED)
    length, start = struct.unpack("<LL", end[12:20])
    stop = size - _END_BYTES
    if tail[56:60] == _LOCATOR_64:
        stop = size - _TAIL_BYTES
        length, start = struct.unpack("<QQ", tail[40:56])
        if not tail.startswith(_END_64) or struct.unpack("<Q", tail[64:72]) != (stop,):
            raise WeightsFileError("The file cannot be read: its zip directory is damaged; download it again.")
    if start + length != stop:
        raise WeightsFileError("The file cannot be read: its zip directory is damaged; download it again.")
    if length > _MOST_DIRECTORY_BYTES:
        raise WeightsFileError(
            f"The file's zip directory has {length} bytes; expected at most {_MOST_DIRECTORY_BYTES}; save it again."
        )


def _check_entries(entries: list[zipfile.ZipInfo], size: int) -> None:
    # torch's reader ignores case, and compares the bytes of names. Newer versions of Python rename by extra fields.
    names = [_raw_name(entry).lower() for entry in entries]
    if len(set(names)) != len(names):
        raise WeightsFileError("The file contains two entries of one name; save it again with torch.save.")
    for entry in entries:
        if entry.extra[:2] not in {b"", _SIZES_64}:
            raise WeightsFileError(f"Entry {entry.filename!r} has an unknown extra field; save the file again.")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise WeightsFileError(f"Entry {entry.filename!r} is compressed; save the file again with torch.save.")
        if entry.filename.startswith("/") or "\\" in entry.filename or ".." in entry.filename.split("/"):
            raise WeightsFileError(f"Entry {entry.filename!r} is not below the archive; save it again.")
    if sum(entry.file_size for entry in entries) > size:
        raise WeightsFileError(TRUNCATED)


def _raw_name(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF_8 else "cp437")


def _from_legacy(file: IO[bytes], size: int) -> Any:
    """Five pickles, the fourth of which is the content, then each storage: its number of values, and the values."""
    file.seek(0)
    pickles = io.BytesIO(file.read(MOST_PICKLE_BYTES))
    if follow_pickle(pickles)[0] != _LEGACY_MAGIC:
        raise WeightsFileError("The file cannot be read: it is not a file of torch.save; save it again.")
    follow_pickle(pickles)
    follow_pickle(pickles)
    content, storages = follow_pickle(pickles)
    keys, _ = follow_pickle(pickles)
    if type(keys) is not list or any(type(key) is not str for key in keys) or sorted(keys) != sorted(storages):
        raise WeightsFileError("The file cannot be read: its list of storages is damaged; download it again.")
    _check_legacy_storages(file, pickles.tell(), size, [storages[key] for key in keys])
    return content


def _check_legacy_storages(file: IO[bytes], position: int, size: int, storages: list[Storage]) -> None:
    for storage in storages:
        file.seek(position)
        count = file.read(8)
        position += len(count) + storage.bytes
        if len(count) < 8 or position > size:
            raise WeightsFileError(TRUNCATED)
        if struct.unpack("<q", count) != (storage.values,):
            raise WeightsFileError(f"Storage {storage.key!r} has another size than its tensors; download it again.")
