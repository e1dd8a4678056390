"""What the pickle of a torch file would build, found without building it: names, tensors, and the storages they need.

`torch.load` never runs foreign code with `weights_only=True`, but a small pickle can still cost any amount of time and
memory. This module follows the instructions with placeholders, and accepts only what torch writes for a state dict.
"""

import pickletools
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from harness.measure.weights_file_error import TRUNCATED, WeightsFileError

# A tensor takes about 45 instructions and 150 bytes: enough for 20 000 tensors. The largest networks have 5000.
_MOST_STEPS = 1_000_000
MOST_PICKLE_BYTES = 16 * 2**20
_MOST_DIMENSIONS = 64

_ITEM_BYTES = {
    "ComplexDouble": 16, "ComplexFloat": 8, "Double": 8, "Long": 8, "Float": 4, "Int": 4,
    "Half": 2, "BFloat16": 2, "Short": 2, "Char": 1, "Byte": 1, "Bool": 1,
}  # fmt: skip
_STORAGES = {f"torch.{name}Storage": size for name, size in _ITEM_BYTES.items()}
_STORAGES |= {"torch.storage.UntypedStorage": 1, "torch.UntypedStorage": 1}
_TENSOR_FUNCTIONS = {f"torch._utils._rebuild_tensor{version}" for version in ("", "_v2", "_v3")}
_WITH_DTYPE = "torch._utils._rebuild_tensor_v3"
_PARAMETER = "torch.nn.parameter.Parameter"
_PARAMETER_FUNCTIONS = {"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"}
_STATE = 3  # the argument of `_FROM_TYPE` and `_rebuild_parameter_with_state` that holds attributes
_FROM_TYPE = "torch._tensor._rebuild_from_type_v2"
# Tensors that are not dense: torch builds and checks them with work that their arguments choose.
_NOT_DENSE = {
    f"torch._utils._rebuild_{name}"
    for name in ("sparse_tensor", "qtensor", "meta_tensor_no_storage", "nested_tensor", "sparse_csr_tensor")
}
_ORDERED_DICT, _SIZE = "collections.OrderedDict", "torch.Size"
_DTYPES = {
    "torch.complex128": 16, "torch.complex64": 8, "torch.float64": 8, "torch.int64": 8, "torch.uint64": 8,
    "torch.float32": 4, "torch.int32": 4, "torch.uint32": 4, "torch.float16": 2, "torch.bfloat16": 2,
    "torch.int16": 2, "torch.uint16": 2, "torch.int8": 1, "torch.uint8": 1, "torch.bool": 1,
    "torch.float8_e4m3fn": 1, "torch.float8_e4m3fnuz": 1, "torch.float8_e5m2": 1, "torch.float8_e5m2fnuz": 1,
}  # fmt: skip
_GLOBALS = {
    _ORDERED_DICT, _SIZE, _PARAMETER, _FROM_TYPE, *_PARAMETER_FUNCTIONS, *_TENSOR_FUNCTIONS, *_STORAGES, *_DTYPES,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Storage:
    """The values that tensors share: the key of its bytes in the file, and how many values and bytes it has."""

    key: str
    values: int
    item_bytes: int

    @property
    def bytes(self) -> int:
        """The size in bytes."""
        return self.values * self.item_bytes


@dataclass(frozen=True, slots=True)
class _Global:
    """A class or function that is named and not imported."""

    name: str


class Tensor:
    """A dense tensor whose values are inside its storage."""


class Parameter:
    """A parameter whose values follow in a later instruction, as torch before 0.4 wrote it."""

    filled = False


_LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINSTRING"}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def follow_pickle(file: IO[bytes]) -> tuple[Any, dict[str, Storage]]:
    """What the next pickle in `file` would build, with placeholders for tensors, and its storages by key.

    Raises WeightsFileError if it is truncated or malformed, imports anything that a state dict does not need, is too
    long, or if a tensor reaches outside its storage. `file` must be in memory: lengths in it may be false.
    """
    machine = _Machine()
    try:
        with warnings.catch_warnings():
            # pickletools warns of escapes in the texts of old pickles.
            warnings.simplefilter("ignore")
            for instruction, argument, _ in pickletools.genops(file):
                machine.run(instruction.name, argument)
        return machine.stack.pop(), machine.storages
    except ValueError as error:
        truncated = any(words in str(error) for words in ("exhausted", "not enough data", "remain"))
        raise WeightsFileError(TRUNCATED) if truncated else _malformed() from None
    except (IndexError, KeyError, TypeError, AttributeError):
        raise _malformed() from None


def _malformed() -> WeightsFileError:
    return WeightsFileError("The file cannot be read: its pickle is malformed; write a state dict with torch.save.")


@dataclass(slots=True)
class _Machine:
    """The state of `torch.load`'s unpickler: values, values below each mark, and the memo.

    Lists and dicts are real, and keys are text or integers, so that no step takes longer than its cost.
    """

    stack: list[Any] = field(default_factory=list)
    marks: list[list[Any]] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    storages: dict[str, Storage] = field(default_factory=dict)
    cost: int = 0

    def run(self, name: str, argument: Any) -> None:
        """Follow one instruction."""
        self.pay(1)
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            values = [self.stack.pop() for _ in range(_TUPLES[name])]
            self.stack.append(tuple(reversed(values)))
        elif name in {"BINPUT", "LONG_BINPUT"}:
            self.memo[argument] = self.stack[-1]
        elif name in {"BINGET", "LONG_BINGET"}:
            self.stack.append(self.memo[argument])
        elif name not in {"PROTO", "STOP"}:
            operation = _OPERATIONS.get(name)
            if operation is None:
                raise WeightsFileError(
                    f"The file cannot be read: its pickle uses {name}, which a state dict does not need; write one "
                    "with torch.save."
                )
            operation(self, argument)

    def pay(self, units: int) -> None:
        """Count steps. Raises WeightsFileError if there are too many."""
        self.cost += units
        if self.cost > _MOST_STEPS:
            raise WeightsFileError(
                f"The file cannot be read: its pickle takes more than {_MOST_STEPS} steps; write a state dict with "
                "torch.save."
            )

    def above_mark(self) -> list[Any]:
        """The values above the last mark, removed with it."""
        values, self.stack = self.stack, self.marks.pop()
        return values


def _mark(machine: _Machine, _: Any) -> None:
    machine.marks.append(machine.stack)
    machine.stack = []


def _import(machine: _Machine, argument: str) -> None:
    name = argument.replace(" ", ".")
    if name in _NOT_DENSE:
        above = machine.stack[-1] if machine.stack else None
        tensor = repr(above) if isinstance(above, str) else "A tensor"
        raise WeightsFileError(f"{tensor} is nested, quantized, sparse or without data; expected a dense tensor.")
    if name not in _GLOBALS:
        raise WeightsFileError(f"The file contains more than tensors (it imports {name}), so it was not loaded.")
    machine.stack.append(_Global(name))


def _tuple(machine: _Machine, _: Any) -> None:
    values = machine.above_mark()
    machine.stack.append(tuple(values))


def _append(machine: _Machine, _: Any) -> None:
    value = machine.stack.pop()
    _require(machine.stack[-1], list).append(value)


def _append_all(machine: _Machine, _: Any) -> None:
    values = machine.above_mark()
    _require(machine.stack[-1], list).extend(values)


def _set_item(machine: _Machine, _: Any) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _set(machine.stack[-1], key, value)


def _set_items(machine: _Machine, _: Any) -> None:
    values = machine.above_mark()
    for key, value in zip(values[::2], values[1::2], strict=True):
        _set(machine.stack[-1], key, value)


def _set(target: Any, key: Any, value: Any) -> None:
    # A key of nested tuples can take any time to hash.
    if type(key) not in {str, int}:
        kind = type(key).__name__.strip("_").lower()
        raise WeightsFileError(f"The file contains a {kind} as a name; expected a mapping of names to tensors.")
    _require(target, dict, OrderedDict)[key] = value


def _require(value: Any, *kinds: type) -> Any:
    """The value, which must be of one of the types exactly."""
    if type(value) not in kinds:
        raise _malformed()
    return value


def _new_object(machine: _Machine, _: Any) -> None:
    values, kind = _require(machine.stack.pop(), tuple), _require(machine.stack.pop(), _Global)
    if kind.name != _PARAMETER:
        raise _malformed()
    machine.stack.append(values[0] if values else Parameter())


def _call(machine: _Machine, _: Any) -> None:
    values = _require(machine.stack.pop(), tuple)
    machine.stack[-1] = _result(machine, _require(machine.stack[-1], _Global).name, values)


def _result(machine: _Machine, function: str, values: tuple[Any, ...]) -> Any:
    """What a function returns for these arguments."""
    if function in _TENSOR_FUNCTIONS:
        return _tensor(function, values)
    if len(values) > _STATE and function in {_FROM_TYPE, *_PARAMETER_FUNCTIONS} and values[_STATE] is not None:
        # torch sets each attribute again for each tensor.
        machine.pay(len(_require(values[_STATE], dict, OrderedDict)))
    if function in _PARAMETER_FUNCTIONS:
        return _require(values[0], Tensor)
    if function == _FROM_TYPE:
        inner = _require(values[0], _Global).name
        # One level: a type is never rebuilt by another.
        return _result(machine, "" if inner == _FROM_TYPE else inner, _require(values[2], tuple))
    if function == _ORDERED_DICT:
        return _ordered_dict(machine, values)
    if function == _SIZE:
        machine.pay(len(_require(values[0], tuple)))
        return values[0]
    raise _malformed()


def _tensor(function: str, values: tuple[Any, ...]) -> Tensor:
    storage = _require(values[0], Storage)
    if function == _WITH_DTYPE:
        item_bytes = _DTYPES[_require(values[6], _Global).name]
        storage = Storage(storage.key, storage.bytes // item_bytes, item_bytes)
    _check_extent(storage, *values[1:4])
    return Tensor()


def _ordered_dict(machine: _Machine, values: tuple[Any, ...]) -> Any:
    result: OrderedDict[Any, Any] = OrderedDict()
    # Python 2 wrote the items as a list of pairs.
    for pairs in values:
        machine.pay(len(_require(pairs, list)))
        for pair in pairs:
            key, value = _require(pair, list, tuple)
            _set(result, key, value)
    return result


def _check_extent(storage: Storage, offset: Any, size: Any, stride: Any) -> None:
    """Raise WeightsFileError unless a tensor's values are inside its storage."""
    _require(size, tuple), _require(stride, tuple)
    numbers = (offset, *size[: _MOST_DIMENSIONS + 1], *stride[: _MOST_DIMENSIONS + 1])
    if len(size) != len(stride) or len(size) > _MOST_DIMENSIONS or any(type(n) is not int or n < 0 for n in numbers):
        raise WeightsFileError("The file contains a tensor whose shape and strides do not match; save it again.")
    last = offset + sum((count - 1) * step for count, step in zip(size, stride, strict=True))
    if 0 not in size and last >= storage.values:
        raise WeightsFileError(
            f"The file contains a tensor that needs value {last} of a storage of {storage.values} values; download the "
            "file again."
        )


def _build(machine: _Machine, _: Any) -> None:
    state, target = machine.stack.pop(), machine.stack[-1]
    if type(target) is OrderedDict:
        # The attributes of a state dict, such as its `_metadata`.
        machine.pay(len(_require(state, dict, OrderedDict)))
    elif type(target) is Parameter:
        _require(_require(state, tuple)[0], Tensor)
        target.filled = True
    else:
        raise _malformed()


def _persistent(machine: _Machine, _: Any) -> None:
    identifier = _require(machine.stack.pop(), tuple)
    kind, storage, key, _, values, *views = identifier
    item_bytes = _STORAGES.get(_require(storage, _Global).name)
    view = any(value is not None for value in views)
    if kind != "storage" or item_bytes is None or type(key) is not str or type(values) is not int or view or values < 0:
        raise _malformed()
    found = machine.storages.setdefault(key, Storage(key, values, item_bytes))
    if found.bytes != values * item_bytes:
        raise WeightsFileError(f"The file contains two sizes for storage {key!r}; save it again.")
    machine.stack.append(Storage(key, values, item_bytes))


_OPERATIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _mark,
    "GLOBAL": _import,
    "TUPLE": _tuple,
    "APPEND": _append,
    "APPENDS": _append_all,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "NEWOBJ": _new_object,
    "REDUCE": _call,
    "BUILD": _build,
    "BINPERSID": _persistent,
}
