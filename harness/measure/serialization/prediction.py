"""The size of the file that a serialization writes for a state, by part."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial

from harness.measure.serialization.npz import npz_parts
from harness.measure.serialization.state import State
from harness.measure.serialization.state_pickle import PickledState, pickle_state, pickled_size
from harness.measure.serialization.table import FILE_STEM, ArchiveRecord, Legacy, Npz, Serialization, Zip

# The header of a legacy file.
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
_SYSTEM_INFO = {
    "protocol_version": _PROTOCOL_VERSION,
    "little_endian": True,
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}
_COUNT_BYTES = 8

# Sizes of the fixed parts of a zip file: APPNOTE.TXT 6.3, sections 4.3.7, 4.3.9, 4.3.12 and 4.3.14 to 4.3.16.
_LOCAL_HEADER = 30
_DESCRIPTOR = 16
_CENTRAL_HEADER = 46
_END_OF_DIRECTORY = 56 + 20 + 22  # zip64 record, zip64 locator, record
_PADDING_HEADER = 4
_ALIGNMENT = 64
_ZIP64_FROM = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Prediction:
    """A predicted file: its serialization, the number of its tensors, and the bytes of each part."""

    serialization: Serialization
    tensors: int
    parts: Mapping[str, int]

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return sum(self.parts.values())


def predictions(state: State, serializations: Iterable[Serialization], file_stem: str = "") -> Iterator[Prediction]:
    """The predicted file of the state, for each serialization.

    `file_stem` is the name under which the file was saved, without folder and extension. Without it, serializations
    that depend on it are skipped. Zip files from 4 GiB on are skipped too: they need zip64 headers. So are legacy files
    that consist of the same bytes as an earlier one: nothing distinguishes them.
    """
    pickled_by_content = cache(partial(pickle_state, state))
    seen: set[tuple[int, ...]] = set()
    for serialization in serializations:
        form = serialization.format
        if isinstance(form, Npz):
            if npz := npz_parts(state):
                yield Prediction(serialization, len(state.tensors), npz)
        elif isinstance(form, Legacy):
            pickled = pickled_by_content(serialization.content, 10 ** (form.key_digits - 1), views=True)
            parts = _legacy(pickled)
            if (bytes_of_parts := tuple(parts.values())) not in seen:
                seen.add(bytes_of_parts)
                yield Prediction(serialization, pickled.tensors, parts)
        elif archive_name := file_stem if form.archive_name == FILE_STEM else form.archive_name:
            first_key = 10 ** (form.key_digits - 1) if form.key_digits else 0
            pickled = pickled_by_content(serialization.content, first_key, views=False)
            parts = _zip(pickled, form, archive_name)
            if sum(parts.values()) < _ZIP64_FROM:
                yield Prediction(serialization, pickled.tensors, parts)


def _legacy(pickled: PickledState) -> dict[str, int]:
    """Magic number, protocol version and system info; the dictionary; the storage keys; count and data of each.

    Source: pytorch/pytorch v1.5.0, torch/serialization.py, `_legacy_save`.
    """
    return {
        "header": sum(map(pickled_size, (_MAGIC, _PROTOCOL_VERSION, _SYSTEM_INFO))),
        "dictionary": pickled.pickle_size,
        "storage_keys": pickled_size(sorted(pickled.data)),
        "element_counts": _COUNT_BYTES * len(pickled.data),
        "data": sum(pickled.data.values()),
    }


def _zip(pickled: PickledState, form: Zip, archive_name: str) -> dict[str, int]:
    """An uncompressed zip file. Each record is `archive_name/record`, and its data is aligned to 64 bytes.

    So each character of the archive name takes two bytes per record, and changes the padding.

    Source: pytorch/pytorch@02b040c187c2840f6eafc77d74f1e0c2fbc26b24, caffe2/serialize/inline_container.cc,
    `getPadding` and `writeRecord`; third_party/miniz-2.0.8 writes a descriptor after each record.
    """
    keys = pickled.data if form.in_state_order else sorted(pickled.data)
    data = [ArchiveRecord(f"data/{key}", pickled.data[key]) for key in keys]
    records = (ArchiveRecord("data.pkl", pickled.pickle_size), *form.before, *data, *form.after)
    end = directory = 0
    for record in records:
        name_bytes = len(f"{archive_name}/{record.name}".encode())
        begin = end + _LOCAL_HEADER + name_bytes + _PADDING_HEADER
        begin += -begin % _ALIGNMENT
        end = begin + record.size + _DESCRIPTOR
        directory += _CENTRAL_HEADER + name_bytes
    return {
        "dictionary": pickled.pickle_size,
        "data": sum(pickled.data.values()),
        "other_records": sum(record.size for record in (*form.before, *form.after)),
        "headers_and_padding": end - sum(record.size for record in records),
        "directory": directory + _END_OF_DIRECTORY,
    }
