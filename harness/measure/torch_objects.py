"""What the pickle of a torch file may name, and placeholders for what it builds.

Nothing here is imported from torch, so nothing that a file names is run.
"""

from dataclasses import dataclass
from typing import Any

from harness.measure.serialization.state import STORAGES
from harness.measure.weights_file_error import WeightsFileError

_MOST_DIMENSIONS = 64

STORAGE_CLASSES = {f"torch.{name}": size for name, size in STORAGES.values()}
STORAGE_CLASSES |= {"torch.storage.UntypedStorage": 1, "torch.UntypedStorage": 1}
TENSOR_FUNCTIONS = {f"torch._utils._rebuild_tensor{version}" for version in ("", "_v2", "_v3")}
_WITH_DTYPE = "torch._utils._rebuild_tensor_v3"
PARAMETER = "torch.nn.parameter.Parameter"
PARAMETER_FUNCTIONS = {"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"}
ATTRIBUTES = 3  # the position of the argument of `FROM_TYPE` and `_rebuild_parameter_with_state` that holds attributes
FROM_TYPE = "torch._tensor._rebuild_from_type_v2"
# Tensors that are not dense: torch builds and checks them with work that their arguments choose.
NOT_DENSE = {
    f"torch._utils._rebuild_{name}"
    for name in ("sparse_tensor", "qtensor", "meta_tensor_no_storage", "nested_tensor", "sparse_csr_tensor")
}
ORDERED_DICT, SIZE = "collections.OrderedDict", "torch.Size"
_DTYPES = {f"torch.{dtype}": size for dtype, (_, size) in STORAGES.items()}
_DTYPES |= {"torch.uint64": 8, "torch.uint32": 4, "torch.uint16": 2}
_DTYPES |= {f"torch.float8_{name}": 1 for name in ("e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz")}
GLOBALS = {
    ORDERED_DICT, SIZE, PARAMETER, FROM_TYPE, *PARAMETER_FUNCTIONS, *TENSOR_FUNCTIONS, *STORAGE_CLASSES, *_DTYPES,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Storage:
    """The values that tensors share: the key of their bytes in the file, how many there are, and the bytes of each."""

    key: str
    values: int
    item_bytes: int

    @property
    def bytes(self) -> int:
        """The size in bytes."""
        return self.values * self.item_bytes


@dataclass(frozen=True, slots=True)
class Global:
    """A class or function that is named and not imported."""

    name: str


class Tensor:
    """A dense tensor whose values are inside its storage."""


class Parameter:
    """A parameter whose values follow in a later instruction, as torch before 0.4 wrote it."""

    filled = False


def malformed() -> WeightsFileError:
    """The error of a pickle that torch does not write."""
    return WeightsFileError("The file cannot be read: its pickle is malformed; write a state dict with torch.save.")


def require(value: Any, *kinds: type) -> Any:
    """The value. Raises WeightsFileError if it is not of one of the types exactly."""
    if type(value) not in kinds:
        raise malformed()
    return value


def rebuild_tensor(function: str, values: tuple[Any, ...]) -> Tensor:
    """The tensor that a function of torch returns for these arguments. Raises WeightsFileError for damaged ones."""
    storage = require(values[0], Storage)
    if function == _WITH_DTYPE:
        item_bytes = _DTYPES[require(values[6], Global).name]
        storage = Storage(storage.key, storage.bytes // item_bytes, item_bytes)
    _check_extent(storage, *values[1:4])
    return Tensor()


def _check_extent(storage: Storage, offset: Any, size: Any, stride: Any) -> None:
    """Raise WeightsFileError unless a tensor's values are inside its storage."""
    require(size, tuple), require(stride, tuple)
    numbers = (offset, *size[: _MOST_DIMENSIONS + 1], *stride[: _MOST_DIMENSIONS + 1])
    if len(size) != len(stride) or len(size) > _MOST_DIMENSIONS or any(type(n) is not int or n < 0 for n in numbers):
        raise WeightsFileError("The file contains a tensor whose shape and strides do not match; save it again.")
    last = offset + sum((count - 1) * step for count, step in zip(size, stride, strict=True))
    if 0 not in size and last >= storage.values:
        raise WeightsFileError(
            f"The file contains a tensor that needs value {last} of a storage of {storage.values} values; download the "
            "file again."
        )
