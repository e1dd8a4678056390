"""The size of the file that a serialisation makes of a state, by its parts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial

from harness.measure.serialization.pickled import Body, pickle_state, pickled_size
from harness.measure.serialization.state import State
from harness.measure.serialization.table import OWN_NAME, ArchiveRecord, Legacy, Serialization, Zip

# What a legacy file begins with.
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
_SYSTEM = {
    "protocol_version": _PROTOCOL_VERSION,
    "little_endian": True,
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}
_COUNT_BYTES = 8

# Sizes of the fixed parts of a zip file: APPNOTE.TXT 6.3, sections 4.3.7, 4.3.9, 4.3.12 and 4.3.14 to 4.3.16.
_LOCAL_HEADER = 30
_DESCRIPTOR = 16
_CENTRAL_HEADER = 46
_END_OF_DIRECTORY = 56 + 20 + 22  # of zip64, its locator, and the plain one
_PADDING_HEADER = 4
_ALIGNMENT = 64
_ZIP64_FROM = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Prediction:
    """A predicted file: how it is written, the number of its tensors, and the bytes of each part."""

    serialization: Serialization
    tensors: int
    parts: Mapping[str, int]

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return sum(self.parts.values())


def predictions(state: State, ways: Iterable[Serialization], file_name: str = "") -> Iterator[Prediction]:
    """The files of the state, one a serialisation; `file_name` is what it was saved as, without folder and extension.

    Left out are serialisations that need a name where there is none, and zip files from 4 GiB on, which need the long
    form of their headers.
    """
    pickled = cache(partial(pickle_state, state))
    for way in ways:
        form = way.format
        if isinstance(form, Legacy):
            body = pickled(way.content, 10 ** (form.key_digits - 1), views=True)
            yield Prediction(way, body.tensors, _legacy(body))
        elif folder := file_name if form.folder == OWN_NAME else form.folder:
            first_key = 10 ** (form.key_digits - 1) if form.key_digits else 0
            body = pickled(way.content, first_key, views=False)
            parts = _zip(body, form, folder)
            if sum(parts.values()) < _ZIP64_FROM:
                yield Prediction(way, body.tensors, parts)


def _legacy(body: Body) -> dict[str, int]:
    """Magic number, protocol version and system info; the dictionary; the storage keys; counts and data of each.

    Source: pytorch/pytorch v1.5.0, torch/serialization.py, `_legacy_save`.
    """
    return {
        "header": sum(map(pickled_size, (_MAGIC, _PROTOCOL_VERSION, _SYSTEM))),
        "dictionary": body.dictionary,
        "storage_keys": pickled_size(sorted(body.data)),
        "element_counts": _COUNT_BYTES * len(body.data),
        "data": sum(body.data.values()),
    }


def _zip(body: Body, form: Zip, folder: str) -> dict[str, int]:
    """A zip file without compression, the data of each record aligned.

    Source: pytorch/pytorch@02b040c187c2840f6eafc77d74f1e0c2fbc26b24, caffe2/serialize/inline_container.cc,
    `getPadding` and `writeRecord`; third_party/miniz-2.0.8 writes a descriptor after each record.
    """
    extra = (*form.before, *form.after)
    data = [ArchiveRecord(f"data/{key}", body.data[key]) for key in (body.data if form.in_turn else sorted(body.data))]
    records = (ArchiveRecord("data.pkl", body.dictionary), *form.before, *data, *form.after)
    end = directory = 0
    for record in records:
        name_bytes = len(f"{folder}/{record.name}".encode())
        begin = end + _LOCAL_HEADER + name_bytes + _PADDING_HEADER
        begin += -begin % _ALIGNMENT
        end = begin + record.size + _DESCRIPTOR
        directory += _CENTRAL_HEADER + name_bytes
    return {
        "dictionary": body.dictionary,
        "data": sum(body.data.values()),
        "other_records": sum(record.size for record in extra),
        "headers_and_padding": end - sum(record.size for record in records),
        "directory": directory + _END_OF_DIRECTORY,
    }
