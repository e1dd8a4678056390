"""The known serializations of a network's state, most likely first.

Each one is what some version of torch writes, or is confirmed by the size of published files. Others would only make
accidental matches more likely.
"""

from dataclasses import dataclass, replace

from harness.measure.serialization.module_trees import (
    TIMM_2019_TREE,
    TIMM_2020_POOLED_TREE,
    TIMM_2020_TREE,
    TODAYS_TREE,
    TORCHVISION_TREE,
)
from harness.measure.serialization.state_pickle import Content

FILE_STEM = "stem of the file"


@dataclass(frozen=True, slots=True)
class Legacy:
    """The format before torch 1.6. Storage keys are memory addresses with `key_digits` digits."""

    key_digits: int = 14


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """A record of a zip file, and its bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Zip:
    """The format since torch 1.6: the pickle, the records `before`, the storages, and the records `after`.

    All records are in one folder, the archive name: the stem of the file name given to `torch.save`, or `archive` if a
    stream was given. Storage keys count from 0; until torch 1.7 they are addresses with `key_digits` digits. Storages
    are sorted by key as text, or are `in_state_order`; the order changes the padding.
    """

    before: tuple[ArchiveRecord, ...] = ()
    after: tuple[ArchiveRecord, ...] = ()
    archive_name: str = "archive"
    key_digits: int | None = None
    in_state_order: bool = False


@dataclass(frozen=True, slots=True)
class Npz:
    """A NumPy archive of a Big Transfer network, under the names of the original."""

    key_digits: None = None


@dataclass(frozen=True, slots=True)
class Serialization:
    """A named way to write a state: a one-line description, the file format, and what is stored."""

    name: str
    about: str
    format: Legacy | Zip | Npz
    content: Content


_VERSION = ArchiveRecord("version", 2)
_BYTE_ORDER = ArchiveRecord("byteorder", 6)
_ID = ArchiveRecord(".data/serialization_id", 40)
_ALIGNMENT = (ArchiveRecord(".format_version", 1), ArchiveRecord(".storage_alignment", 2))

# Source: pytorch/pytorch v1.6.0, v1.7.0, v1.8.0, v2.0.1, v2.1.0, v2.6.0 and v2.7.0, torch/serialization.py, `_save`,
# and caffe2/serialize/inline_container.h for the records that the writer adds.
_ZIP_1_8 = Zip(after=(_VERSION,))
_ZIP_2_1 = Zip((_BYTE_ORDER,), (_VERSION, _ID))
_ZIP_2_7 = Zip((*_ALIGNMENT, _BYTE_ORDER), (_VERSION, _ID), in_state_order=True)

_PLAIN = Content()
_AVERAGED = Content(counters="float32")
_WITHOUT_COUNTERS = Content(counters=None)
_WITH_VERSIONS = Content(metadata=TODAYS_TREE)
_OLD = Content(counters=None, old_tensors=True)
_HALF = Content(dict, half=True)
_CONVERTED_KERNELS = Content(converted_kernels=True)
_OLD_PARAMETERS = Content(counters=None, parameters=True)

_MAPPED = "keys are addresses of mapped memory"
_FIXED = "Python loaded at a fixed address"
_VERSIONS = "state_dict with module versions"
_NAMED = "archive named like the file"
_UNCOUNTED = "batch norms from before torch 0.4.1, or converted"
_CONVERTED = "file from before torch 0.4, loaded and saved again"


def _zip_family(name: str, versions: str, form: Zip) -> tuple[Serialization, ...]:
    named = replace(form, archive_name=FILE_STEM)
    return (
        Serialization(name, f"torch {versions}, OrderedDict of tensors", form, _PLAIN),
        Serialization(f"{name}, metadata", _VERSIONS, form, _WITH_VERSIONS),
        Serialization(f"{name}, named", _NAMED, named, _PLAIN),
        Serialization(f"{name}, named, metadata", f"{_VERSIONS}, {_NAMED}", named, _WITH_VERSIONS),
    )


SERIALIZATIONS = (
    Serialization("legacy", "torch before 1.6, OrderedDict of tensors", Legacy(), _PLAIN),
    Serialization("legacy, float32 counters", "averaged checkpoints", Legacy(), _AVERAGED),
    Serialization("legacy, dict", "dict of tensors", Legacy(), Content(dict)),
    Serialization("legacy, cuda:0", "tensors on a GPU", Legacy(), Content(on_gpu=True)),
    Serialization("legacy, no counters, 15-digit keys", _UNCOUNTED, Legacy(15), _WITHOUT_COUNTERS),
    Serialization("legacy, metadata", _VERSIONS, Legacy(), _WITH_VERSIONS),
    Serialization("legacy, metadata, 8-digit keys", _FIXED, Legacy(8), _WITH_VERSIONS),
    Serialization("legacy, before torch 0.4", "tensors without gradient flag and hooks", Legacy(), _OLD),
    *(Serialization(f"legacy, before torch 0.4, {n}-digit keys", _FIXED, Legacy(n), _OLD) for n in (10, 9, 8)),
    *(
        Serialization(f"legacy, metadata of {library}", f"{_VERSIONS}, modules of that time", Legacy(), content)
        for library, content in (
            ("timm in 2019", Content(metadata=TIMM_2019_TREE)),
            ("timm in 2020", Content(metadata=TIMM_2020_TREE)),
            ("timm in 2020 with pooling in squeeze-and-excitation", Content(metadata=TIMM_2020_POOLED_TREE)),
            ("torchvision", Content(metadata=TORCHVISION_TREE)),
        )
    ),
    Serialization(
        "legacy, converted kernels", "kernels are views of TensorFlow's or JAX's", Legacy(), _CONVERTED_KERNELS
    ),
    # torchvision's wide_resnet101_2-32ee1156.pth, its only published file of half precision.
    Serialization("legacy, dict, half precision", "float16, batch norms float32", Legacy(), _HALF),
    Serialization("npz", "NumPy archive of Big Transfer", Npz(), _WITHOUT_COUNTERS),
    Serialization("zip 1.6", "torch 1.6 and 1.7; keys are addresses", replace(_ZIP_1_8, key_digits=14), _PLAIN),
    Serialization("zip 1.6, 15-digit keys", _MAPPED, replace(_ZIP_1_8, key_digits=15), _PLAIN),
    # torchvision's resnet18-f37072fd.pth and resnet50-0676ba61.pth.
    Serialization(
        "zip 1.6, parameters, no counters, 15-digit keys", _CONVERTED, replace(_ZIP_1_8, key_digits=15), _OLD_PARAMETERS
    ),
    *_zip_family("zip 1.8", "1.8 to 2.0", _ZIP_1_8),
    *_zip_family("zip 2.1", "2.1 to 2.6", _ZIP_2_1),
    *_zip_family("zip 2.7", "since 2.7", _ZIP_2_7),
)

BY_NAME = {serialization.name: serialization for serialization in SERIALIZATIONS}

# The lengths in bytes to try if the archive name is unknown.
ARCHIVE_NAME_LENGTHS = range(1, 65)


def _with_name_length(serialization: Serialization, form: Zip, length: int) -> Serialization:
    name = serialization.name.replace("named", f"archive name of {length} characters")
    searched = f"its length was searched from {ARCHIVE_NAME_LENGTHS[0]} to {ARCHIVE_NAME_LENGTHS[-1]}"
    about = serialization.about.replace(_NAMED, f"archive name unknown, {searched}")
    return Serialization(name, about, replace(form, archive_name="x" * length), serialization.content)


# Files saved under an unknown name: only the length of the archive name matters. The range of sizes is wide, so only an
# exact match means anything.
UNKNOWN_ARCHIVE_NAMES = tuple(
    _with_name_length(serialization, serialization.format, length)
    for length in ARCHIVE_NAME_LENGTHS
    for serialization in SERIALIZATIONS
    if isinstance(serialization.format, Zip) and serialization.format.archive_name == FILE_STEM
)
