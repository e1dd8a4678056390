"""The pickle of a state, as torch writes it. Pickled for real, so no size is computed by hand."""

import io
import pickle
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.measure.serialization.module_trees import ModuleTree
from harness.measure.serialization.state import STORAGES, State, Tensor

_PICKLE_PROTOCOL = 2
# The version of a batch norm without counters, and of modules without a version of their own.
_VERSION_WITHOUT_COUNTERS = 1
# In densenets, before torch 0.4: `denselayer1.norm.1` instead of `denselayer1.norm1`.
# Source: pytorch/vision v0.26.0, torchvision/models/densenet.py, `_load_state_dict`.
_DENSE_LAYER = re.compile(r"(denselayer\d+\.(?:norm|conv))(?=\d)")


@dataclass(frozen=True, slots=True)
class Content:
    """What a file stores about a state.

    `mapping` is the class of the dictionary. `counters` is the type of each batch norm's `num_batches_tracked`, None
    if the file has none. `metadata` is the tree of the modules whose versions are stored, None if none are. `on_gpu`
    says whether the tensors were on the first GPU, `parameters` whether learned tensors are stored as
    `torch.nn.Parameter`. `old_tensors` means tensors as before torch 0.4: without gradient flag and hooks, and under
    the module names of that time. `half` means float16 for all tensors but those of batch norms. `converted_kernels`
    means that convolutions are views of kernels that TensorFlow or JAX stored with the channels last.
    """

    mapping: type[dict[str, Any]] = OrderedDict
    counters: str | None = "int64"
    metadata: ModuleTree | None = None
    on_gpu: bool = False
    parameters: bool = False
    old_tensors: bool = False
    half: bool = False
    converted_kernels: bool = False


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage, with the key that identifies it in the file."""

    key: str
    kind: str
    elements: int
    on_gpu: bool


@dataclass(frozen=True, slots=True)
class PickledState:
    """The number of tensors, the bytes of the pickle, and the bytes of each storage's data, by key."""

    tensors: int
    pickle_size: int
    data: Mapping[str, int]


def pickle_state(state: State, content: Content, first_key: int, *, views: bool) -> PickledState:
    """Pickle the state. Storage keys count up from `first_key`; keys that do not start at 0 are memory addresses.

    `views` adds the field of the legacy format that says of which storage each storage is a view: none.
    """
    mapping = content.mapping()
    storages: dict[int, Storage] = {}
    halves = _half_tensors(state) if content.half else frozenset()
    for tensor in state.tensors:
        kind: str | None = "float16" if tensor.name in halves else tensor.kind
        if tensor.name.endswith("num_batches_tracked"):
            kind = content.counters
        if kind is not None:
            new = Storage(str(first_key + len(storages)), kind, tensor.elements, content.on_gpu)
            storage = storages.setdefault(tensor.storage, new)
            name = _DENSE_LAYER.sub(r"\1.", tensor.name) if content.old_tensors else tensor.name
            mapping[name] = _pickled_tensor(tensor, storage, content)
    if content.metadata:
        vars(mapping)["_metadata"] = OrderedDict(
            (name, {"version": version if content.counters else _VERSION_WITHOUT_COUNTERS})
            for name, version in content.metadata.versions(state).items()
        )
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, _PICKLE_PROTOCOL)
    pickler.persistent_id = _storage_references(addresses=first_key > 0, views=views)  # type: ignore[method-assign]
    pickler.dump(mapping)
    data = {storage.key: storage.elements * STORAGES[storage.kind][1] for storage in storages.values()}
    return PickledState(len(mapping), stream.tell(), data)


def _half_tensors(state: State) -> frozenset[str]:
    """The names of the tensors that a file of half precision stores as float16: batch norms keep float32."""
    norms = {_module_of(tensor) for tensor in state.tensors if tensor.name.endswith("running_mean")}
    halves = (tensor for tensor in state.tensors if tensor.kind == "float32" and _module_of(tensor) not in norms)
    return frozenset(tensor.name for tensor in halves)


def _module_of(tensor: Tensor) -> str:
    return tensor.name.rpartition(".")[0]


def pickled_size(value: object) -> int:
    """Bytes of the pickle of a value."""
    return len(pickle.dumps(value, _PICKLE_PROTOCOL))


class _Pickled:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def _pickled_tensor(tensor: Tensor, storage: Storage, content: Content) -> _Pickled:
    from torch._utils import _rebuild_parameter, _rebuild_tensor, _rebuild_tensor_v2

    stride = _channels_last(tensor.shape) if content.converted_kernels and len(tensor.shape) == 4 else tensor.stride
    arguments = storage, tensor.offset, tensor.shape, stride
    if content.old_tensors:
        return _Pickled(_rebuild_tensor, *arguments)
    # The gradient flag, and the backward hooks.
    pickled = _Pickled(_rebuild_tensor_v2, *arguments, False, OrderedDict())
    if content.parameters and tensor.is_parameter:
        return _Pickled(_rebuild_parameter, pickled, True, OrderedDict())
    return pickled


def _channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a kernel of height × width × inputs × outputs that is viewed as outputs × inputs × ..."""
    outputs, inputs, _, width = shape
    return 1, outputs, width * inputs * outputs, inputs * outputs


def _storage_references(*, addresses: bool, views: bool) -> Callable[[object], tuple[Any, ...] | None]:
    """A `persistent_id` function: the reference that a pickle stores in place of a storage; None for other objects."""
    import torch

    classes = {kind: getattr(torch, name) for kind, (name, _) in STORAGES.items()}
    no_view = (None,) if views else ()

    def reference(value: object) -> tuple[Any, ...] | None:
        if type(value) is not Storage:  # called for every object, so the fastest test
            return None
        # torch creates new strings for each address and GPU name; pickle would memoize the same string.
        key = str(int(value.key)) if addresses else value.key
        location = "".join(("cuda:", "0")) if value.on_gpu else "cpu"
        return "storage", classes[value.kind], key, location, value.elements, *no_view

    return reference
