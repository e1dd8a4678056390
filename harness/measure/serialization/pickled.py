"""What torch pickles of a state, pickled for real, so that no size is computed by hand."""

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.measure.serialization.state import STORAGES, State, Tensor

_PICKLE_PROTOCOL = 2
_FIRST_GPU = 0
# Of a batch norm, and of all that keep no version of their own.
_VERSION_WITHOUT_COUNTERS = 1


@dataclass(frozen=True, slots=True)
class Content:
    """What a file says of a state.

    `mapping` is the class of the dictionary; `counters` the type of each batch norm's `num_batches_tracked`, None
    where the file has none; `metadata` whether the versions of the modules are kept; `on_gpu` whether the tensors
    were on the first GPU; `first_tensors` whether tensors are written as before torch 0.4, without their gradient flag
    and hooks, and under the module names of that time.
    """

    mapping: type[dict[str, Any]] = OrderedDict
    counters: str | None = "int64"
    metadata: bool = False
    on_gpu: bool = False
    first_tensors: bool = False


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage as a pickle refers to it: by the key that the file knows it by."""

    key: str
    kind: str
    elements: int
    on_gpu: bool

    @property
    def size(self) -> int:
        """Bytes of its data."""
        return self.elements * STORAGES[self.kind][1]


@dataclass(frozen=True, slots=True)
class Body:
    """A state ready to be written: the number of its tensors, the bytes of its pickle, and of each storage's data."""

    tensors: int
    dictionary: int
    data: Mapping[str, int]


def pickle_state(state: State, content: Content, first_key: int, *, views: bool) -> Body:
    """Pickle the state; storage keys count up from `first_key`, and are addresses if that is not 0.

    The legacy format says of each storage that it is no view of another; `views` asks for that.
    """
    mapping = content.mapping()
    storages: dict[int, Storage] = {}
    for tensor in state.tensors:
        kind = content.counters if tensor.is_counter else tensor.kind
        if kind is not None:
            new = Storage(str(first_key + len(storages)), kind, tensor.elements, content.on_gpu)
            storage = storages.setdefault(tensor.storage, new)
            name = tensor.former_name if content.first_tensors else tensor.name
            mapping[name] = _Pickled(tensor, storage, first=content.first_tensors)
    if content.metadata:
        vars(mapping)["_metadata"] = OrderedDict(
            (name, {"version": version if content.counters else _VERSION_WITHOUT_COUNTERS})
            for name, version in state.versions.items()
        )
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, _PICKLE_PROTOCOL)
    pickler.persistent_id = _references(addresses=first_key > 0, views=views)  # type: ignore[method-assign]
    pickler.dump(mapping)
    return Body(len(mapping), stream.tell(), {storage.key: storage.size for storage in storages.values()})


def pickled_size(value: object) -> int:
    """Bytes of a pickle."""
    return len(pickle.dumps(value, _PICKLE_PROTOCOL))


class _Pickled:
    """Pickles as a CPU tensor."""

    def __init__(self, tensor: Tensor, storage: Storage, *, first: bool) -> None:
        self.first = first
        self.arguments = (storage, tensor.offset, tensor.shape, tensor.stride)

    def __reduce__(self) -> tuple[Any, ...]:
        from torch._utils import _rebuild_tensor, _rebuild_tensor_v2

        if self.first:
            return _rebuild_tensor, self.arguments
        requires_grad = False
        backward_hooks: OrderedDict[str, Any] = OrderedDict()
        return _rebuild_tensor_v2, (*self.arguments, requires_grad, backward_hooks)


def _references(*, addresses: bool, views: bool) -> Callable[[object], tuple[Any, ...] | None]:
    """What a pickle says in the place of a storage, and None of all else."""
    import torch

    classes = {kind: getattr(torch, name) for kind, (name, _) in STORAGES.items()}
    no_view = (None,) if views else ()

    def reference(value: object) -> tuple[Any, ...] | None:
        if type(value) is not Storage:  # asked for every object, and so the quickest way to ask
            return None
        # torch makes the text of an address, and of a GPU, anew for each tensor; pickle refers back to the very same.
        key = str(int(value.key)) if addresses else value.key
        location = f"cuda:{_FIRST_GPU}" if value.on_gpu else "cpu"
        return "storage", classes[value.kind], key, location, value.elements, *no_view

    return reference
