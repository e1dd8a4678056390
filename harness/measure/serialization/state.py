"""A network's state as a file holds it: tensors with their storages, and what torch notes of the modules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.verdict import NotHereError
from harness.zoo import Network

COUNTERS = "num_batches_tracked"

# Module names that torch has refused since 0.4, as they are today and as they were.
# Source: pytorch/vision v0.2.1, torchvision/models/densenet.py, the pattern that reads checkpoints of before.
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
        return self.name.endswith(COUNTERS)

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
        if not isinstance(tensor, torch.Tensor) or tensor.layout is not torch.strided or tensor.is_quantized:
            missing = f"a rule for the bytes of {name}, which is no plain tensor"
            raise NotHereError(missing, "--weights DIR with the file")
        storage = tensor.untyped_storage()
        tensors.append(
            Tensor(
                name=network.published_name(name),
                kind=str(tensor.dtype).removeprefix("torch."),
                shape=tuple(tensor.shape),
                stride=tensor.stride(),
                offset=tensor.storage_offset(),
                storage=storages.setdefault(storage._cdata, len(storages)),
                elements=storage.nbytes() // tensor.element_size(),
            )
        )
    metadata = getattr(state, "_metadata", {})
    return State(tuple(tensors), {network.published_name(name): note["version"] for name, note in metadata.items()})
