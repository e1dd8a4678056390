"""A network's state as a file stores it: tensors, their storages, and the versions of the modules."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.verdict import NotHereError
from harness.zoo import Network

# For each dtype, the name of torch's storage class and the bytes per element.
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


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the state.

    `kind` is its dtype, such as `float32`. `storage` identifies its storage, which tied tensors share; `elements` is
    the number of elements of the storage.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    storage: int
    elements: int
    is_parameter: bool


@dataclass(frozen=True, slots=True)
class State:
    """The tensors, and the version of each module by name, with the names in published checkpoints.

    `placeholders` are the names of the modules that do nothing (`nn.Identity`).
    """

    tensors: tuple[Tensor, ...]
    versions: Mapping[str, int]
    placeholders: frozenset[str] = frozenset()


def state_of(network: Network) -> State:
    """The state of a network. Raises NotHereError if it contains anything but dense tensors."""
    import torch

    state = network.module.state_dict()
    parameters = {name for name, _ in network.module.named_parameters(remove_duplicate=False)}
    tensors: list[Tensor] = []
    storages: dict[int, int] = {}
    for name, tensor in state.items():
        kind = str(getattr(tensor, "dtype", "")).removeprefix("torch.")
        if kind not in STORAGES or tensor.layout is not torch.strided:
            missing = f"the size of {name} is unknown: it is not a dense tensor"
            raise NotHereError(missing, "--weights DIR with the file")
        storage = tensor.untyped_storage()
        tensors.append(
            Tensor(
                name=network.checkpoint_name(name),
                kind=kind,
                shape=tuple(tensor.shape),
                stride=tensor.stride(),
                offset=tensor.storage_offset(),
                storage=storages.setdefault(storage._cdata, len(storages)),
                elements=storage.nbytes() // tensor.element_size(),
                is_parameter=name in parameters,
            )
        )
    metadata = getattr(state, "_metadata", {})
    versions = {network.checkpoint_name(name): entry["version"] for name, entry in metadata.items()}
    identities = [name for name, module in network.module.named_modules() if isinstance(module, torch.nn.Identity)]
    return State(tuple(tensors), versions, frozenset(map(network.checkpoint_name, identities)))
