"""The named ways in which torch has written a network's state, the likeliest first.

Each is what a version of torch writes, or gives the bytes of published files; any other would only make a match by
chance likelier.
"""

from dataclasses import dataclass, replace

from harness.measure.serialization.pickled import Content

OWN_NAME = "name of the file"


@dataclass(frozen=True, slots=True)
class Legacy:
    """The format before torch 1.6. Storage keys are addresses: `key_digits` is the number of their digits."""

    key_digits: int = 14


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """A record of a zip file, and its bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Zip:
    """The format since torch 1.6: records in a folder, which are the pickle, these, the storages, and these.

    `folder` is the name that the file was saved under, `archive` where it was saved to a stream. Storages are
    counted from 0; until torch 1.7 their keys are addresses of `key_digits` digits. They follow each other by their
    keys as texts, or `in_turn` as they are met in the state: where each is aligned, its order tells.
    """

    before: tuple[ArchiveRecord, ...] = ()
    after: tuple[ArchiveRecord, ...] = ()
    folder: str = "archive"
    key_digits: int | None = None
    in_turn: bool = False


@dataclass(frozen=True, slots=True)
class Serialization:
    """A way to write a state: its name, what it is in a line, the format, and what it says of the state."""

    name: str
    about: str
    format: Legacy | Zip
    content: Content

    @property
    def has_addresses(self) -> bool:
        """Whether storage keys are addresses, each a digit of which takes two bytes."""
        return self.format.key_digits is not None


_VERSION = ArchiveRecord("version", 2)
_BYTE_ORDER = ArchiveRecord("byteorder", 6)
_ID = ArchiveRecord(".data/serialization_id", 40)
_ALIGNMENT = (ArchiveRecord(".format_version", 1), ArchiveRecord(".storage_alignment", 2))

# Source: pytorch/pytorch v1.6.0, v1.7.0, v1.8.0, v2.0.1, v2.1.0, v2.6.0 and v2.7.0, torch/serialization.py, `_save`,
# and caffe2/serialize/inline_container.h for what the writer itself adds.
_ZIP_1_8 = Zip(after=(_VERSION,))
_ZIP_2_1 = Zip((_BYTE_ORDER,), (_VERSION, _ID))
_ZIP_2_7 = Zip((*_ALIGNMENT, _BYTE_ORDER), (_VERSION, _ID), in_turn=True)

_PLAIN = Content()
_AVERAGED = Content(counters="float32")
_WITHOUT_COUNTERS = Content(counters=None)
_WITH_VERSIONS = Content(metadata=True)
_FIRST = Content(counters=None, first_tensors=True)

_MAPPED = "addresses of memory that was mapped"
_FIXED = "by a Python at a fixed address"
_BOTH = "the two together"
_VERSIONS = "a state_dict with the versions of its modules"
_NAMED = "saved under the name of the file"
_UNCOUNTED = "batch norms as before torch 0.4.1, or converted"

SERIALIZATIONS = (
    Serialization("legacy", "torch before 1.6, tensors in an OrderedDict", Legacy(), _PLAIN),
    Serialization("legacy, float32 counters", "averaging checkpoints casts all", Legacy(), _AVERAGED),
    Serialization("legacy, dict", "tensors in a plain dict", Legacy(), Content(dict)),
    Serialization("legacy, cuda:0", "tensors of a GPU", Legacy(), Content(on_gpu=True)),
    Serialization("legacy, no counters, 15-digit keys", _UNCOUNTED, Legacy(15), _WITHOUT_COUNTERS),
    Serialization("legacy, metadata", _VERSIONS, Legacy(), _WITH_VERSIONS),
    Serialization("legacy, metadata, 8-digit keys", _FIXED, Legacy(8), _WITH_VERSIONS),
    Serialization("legacy, before torch 0.4", "tensors without gradient flag and hooks", Legacy(), _FIRST),
    Serialization("legacy, before torch 0.4, 10-digit keys", _FIXED, Legacy(10), _FIRST),
    Serialization("legacy, before torch 0.4, 9-digit keys", _FIXED, Legacy(9), _FIRST),
    Serialization("legacy, before torch 0.4, 8-digit keys", _FIXED, Legacy(8), _FIRST),
    Serialization("zip 1.6", "torch 1.6 and 1.7, whose keys are addresses", replace(_ZIP_1_8, key_digits=14), _PLAIN),
    Serialization("zip 1.6, 15-digit keys", _MAPPED, replace(_ZIP_1_8, key_digits=15), _PLAIN),
    Serialization("zip 1.8", "torch 1.8 to 2.0, tensors in an OrderedDict", _ZIP_1_8, _PLAIN),
    Serialization("zip 1.8, metadata", _VERSIONS, _ZIP_1_8, _WITH_VERSIONS),
    Serialization("zip 1.8, named", _NAMED, replace(_ZIP_1_8, folder=OWN_NAME), _PLAIN),
    Serialization("zip 1.8, named, metadata", _BOTH, replace(_ZIP_1_8, folder=OWN_NAME), _WITH_VERSIONS),
    Serialization("zip 2.1", "torch 2.1 to 2.6, tensors in an OrderedDict", _ZIP_2_1, _PLAIN),
    Serialization("zip 2.1, metadata", _VERSIONS, _ZIP_2_1, _WITH_VERSIONS),
    Serialization("zip 2.1, named", _NAMED, replace(_ZIP_2_1, folder=OWN_NAME), _PLAIN),
    Serialization("zip 2.1, named, metadata", _BOTH, replace(_ZIP_2_1, folder=OWN_NAME), _WITH_VERSIONS),
    Serialization("zip 2.7", "torch since 2.7, tensors in an OrderedDict", _ZIP_2_7, _PLAIN),
    Serialization("zip 2.7, metadata", _VERSIONS, _ZIP_2_7, _WITH_VERSIONS),
    Serialization("zip 2.7, named", _NAMED, replace(_ZIP_2_7, folder=OWN_NAME), _PLAIN),
    Serialization("zip 2.7, named, metadata", _BOTH, replace(_ZIP_2_7, folder=OWN_NAME), _WITH_VERSIONS),
)

BY_NAME = {serialization.name: serialization for serialization in SERIALIZATIONS}
