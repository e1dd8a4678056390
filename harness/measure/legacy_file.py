"""The size of the file that torch's legacy (pre-1.6, non-zip) serialisation makes of a network's state.

The parts, in order: magic number, protocol version and system info; the pickled dictionary of tensors; the
pickled list of storage keys; then for each storage its element count and its data. Source of the layout:
pytorch/pytorch v1.5.0, torch/serialization.py, `_legacy_save`. The objects are pickled for real, with storages
replaced by the persistent ids that the layout gives them, so that no size is computed by hand.
"""

import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from harness.zoo import Network

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
_PICKLE_PROTOCOL = 2
_KEY_DIGITS = 14
_SYSTEM = {
    "protocol_version": _PROTOCOL_VERSION,
    "little_endian": True,
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}
_COUNT_BYTES = 8


@dataclass(frozen=True, slots=True)
class FileParts:
    """Bytes of each part of a predicted file, and the number of its tensors."""

    tensors: int
    header: int
    dictionary: int
    storage_keys: int
    element_counts: int
    data: int

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self.header + self.dictionary + self.storage_keys + self.element_counts + self.data


def predict_legacy_file(network: Network, counters: str = "int64") -> FileParts:
    """The file of the network's state under its published names: parameters and running statistics as float32.

    `counters` is the type of each batch norm's `num_batches_tracked`: averaging checkpoints casts it to float32.
    """
    state = network.module.state_dict()
    storages: list[_Storage] = []
    tensors: OrderedDict[str, _Tensor] = OrderedDict()
    for name, tensor in state.items():
        kind = counters if name.endswith("num_batches_tracked") else "float32"
        storage = _Storage(f"{10 ** (_KEY_DIGITS - 1) + len(storages)}", kind, tensor.numel())
        storages.append(storage)
        tensors[network.published_name(name)] = _Tensor(storage, tuple(tensor.shape), tensor.stride())
    keys = sorted(storage.key for storage in storages)
    return FileParts(
        tensors=len(storages),
        header=sum(len(_pickled(part)) for part in (_MAGIC, _PROTOCOL_VERSION, _SYSTEM)),
        dictionary=len(_pickled(tensors)),
        storage_keys=len(_pickled(keys)),
        element_counts=_COUNT_BYTES * len(storages),
        data=sum(storage.elements * _BYTES[storage.kind] for storage in storages),
    )


_BYTES = {"float32": 4, "int64": 8}


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    kind: str
    elements: int


class _Tensor:
    """Pickles as a contiguous CPU tensor with a storage of its own."""

    def __init__(self, storage: _Storage, shape: tuple[int, ...], stride: tuple[int, ...]) -> None:
        backward_hooks: OrderedDict[str, Any] = OrderedDict()
        self.arguments = (storage, 0, shape, stride, False, backward_hooks)

    def __reduce__(self) -> tuple[Any, ...]:
        from torch._utils import _rebuild_tensor_v2

        return _rebuild_tensor_v2, self.arguments


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: object) -> tuple[Any, ...] | None:
        if not isinstance(obj, _Storage):
            return None
        import torch

        types = {"float32": torch.FloatStorage, "int64": torch.LongStorage}
        return "storage", types[obj.kind], obj.key, "cpu", obj.elements, None


def _pickled(value: object) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, _PICKLE_PROTOCOL).dump(value)
    return stream.getvalue()
