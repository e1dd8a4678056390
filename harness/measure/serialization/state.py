"""A network's state as a file holds it: tensors with their storages, and what torch notes of the modules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.verdict import NotHereError
from harness.zoo import Network

_COUNTERS = "num_batches_tracked"

# torch's name for a storage of each type of element, and the bytes of an element.
STORAGES = {
    "bfloat16": ("BFloat16Storage", 2),
    "bool": ("BoolStorage", 1),
    "complex64": ("ComplexFloatStorage", 8),
    "complex128": ("ComplexDoubleStorage", 16),
    "float16": ("HalfStorage", 2),
    "float32": ("FloatStorage", 4),
    "float64": ("DoubleStorage", 8),
    "int8": ("CharStorage", 1),
    "int16": ("ShortStorage", 2),
    "int32": ("IntStorage", 4),
    "int64": ("LongStorage", 8),
    "uint8": ("ByteStorage", 1),
}

# Module names that torch has refused since 0.4, as they are today and as they were.
# Source: pytorch/vision v0.26.0, torchvision/models/densenet.py, `_load_state_dict`.
_FORMER_NAMES = ((re.compile(r"(denselayer\d+\.(?:norm|conv))(?=\d)"), r"\1."),)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the state; `storage` numbers the storage that it lies in, which tied tensors share.

    `kind` is the name of its type, such as `float32`; `elements` are those of the storage.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    storage: int
    elements: int

    @property
    def is_counter(self) -> bool:
        """Whether it counts the batches that a batch norm has seen."""
        return self.name.endswith(_COUNTERS)

    @property
    def former_name(self) -> str:
        """Its name before torch 0.4, where its module was called otherwise."""
        name = self.name
        for today, former in _FORMER_NAMES:
            name = today.sub(former, name)
        return name


@dataclass(frozen=True, slots=True)
class State:
    """The tensors under their published names, and the version of each module, by its name."""

    tensors: tuple[Tensor, ...]
    versions: Mapping[str, int]


def state_of(network: Network) -> State:
    """The state of a network. Raises NotHereError where it holds anything but plain tensors."""
    import torch

    state = network.module.state_dict()
    tensors: list[Tensor] = []
    storages: dict[int, int] = {}
    for name, tensor in state.items():
        kind = str(getattr(tensor, "dtype", "")).removeprefix("torch.")
        if kind not in STORAGES or tensor.layout is not torch.strided:
            missing = f"a rule for the bytes of {name}, which is no plain tensor"
            raise NotHereError(missing, "--weights DIR with the file")
        storage = tensor.untyped_storage()
        tensors.append(
            Tensor(
                name=network.published_name(name),
                kind=kind,
                shape=tuple(tensor.shape),
                stride=tensor.stride(),
                offset=tensor.storage_offset(),
                storage=storages.setdefault(storage._cdata, len(storages)),
                elements=storage.nbytes() // tensor.element_size(),
            )
        )
    metadata = getattr(state, "_metadata", {})
    return State(tuple(tensors), {network.published_name(name): note["version"] for name, note in metadata.items()})
