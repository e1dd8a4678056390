"""The smallest and the largest tar archive that the first versions of torch wrote for a state.

Addresses are integers in it, of unknown length, and learned tensors may be parameters. The archive consists of records,
so the size is a multiple of one, and there are few possible sizes.

Source: pytorch/pytorch v0.1.9, torch/serialization.py, `save`, and later `legacy_load`, which still reads such files;
the Python library's `tarfile`. The five declared sizes of torchvision's first ResNets confirm the range.
"""

import io
import pickle
from collections import OrderedDict
from typing import Any

from harness.measure.serialization.state import STORAGES, State, Tensor
from harness.measure.serialization.state_pickle import pickled_size

RECORD_BYTES = 10240
_BLOCK_BYTES = 512
_SYSTEM_INFO = {"protocol_version": 1000, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def tar_size(state: State, key_digits: int, *, parameters: bool) -> int:
    """Bytes of the archive: system info, pickle, storages and tensors, each with a header of one block."""
    import torch

    tensors = [tensor for tensor in state.tensors if not tensor.name.endswith("num_batches_tracked")]
    key = 10 ** (key_digits - 1)
    storage = pickled_size((key, "cpu", torch.FloatStorage)) + 8
    tensor_head = pickled_size((key, key + 1, torch.FloatTensor)) + 16
    count, no_views = pickled_size(len(tensors)), pickled_size([])
    members = (
        pickled_size(_SYSTEM_INFO),
        _pickle_size(tensors, key, parameters=parameters),
        count + no_views + sum(storage + tensor.elements * STORAGES[tensor.kind][1] for tensor in tensors),
        count + sum(tensor_head + 16 * len(tensor.shape) for tensor in tensors),
    )
    end_of_archive = 2 * _BLOCK_BYTES
    return _rounded_up(
        sum(_BLOCK_BYTES + _rounded_up(member, _BLOCK_BYTES) for member in members) + end_of_archive, RECORD_BYTES
    )


class _Reference:
    """Pickles as a storage key."""


class _Parameter:
    """Pickles as a parameter with its flags and hooks."""

    def __reduce__(self) -> tuple[Any, ...]:
        import torch

        return torch.nn.Parameter, (_Reference(), True, False, OrderedDict())


def _pickle_size(tensors: list[Tensor], key: int, *, parameters: bool) -> int:
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 2)
    pickler.persistent_id = lambda value: str(key) if type(value) is _Reference else None  # type: ignore[method-assign]
    pickler.dump(
        OrderedDict(
            (tensor.name, _Parameter() if parameters and tensor.is_parameter else _Reference()) for tensor in tensors
        )
    )
    return stream.tell()


def _rounded_up(size: int, multiple: int) -> int:
    return size + -size % multiple
