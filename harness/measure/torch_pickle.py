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

from harness.measure.torch_objects import (
    ATTRIBUTES,
    FROM_TYPE,
    GLOBALS,
    NOT_DENSE,
    ORDERED_DICT,
    PARAMETER,
    PARAMETER_FUNCTIONS,
    SIZE,
    STORAGE_CLASSES,
    TENSOR_FUNCTIONS,
    Global,
    Parameter,
    Storage,
    Tensor,
    malformed,
    rebuild_tensor,
    require,
)
from harness.measure.weights_file_error import TRUNCATED, WeightsFileError

# A tensor takes about 45 instructions and 150 bytes: enough for 20 000 tensors. The largest networks have 5000.
_MOST_STEPS = 1_000_000
MOST_PICKLE_BYTES = 16 * 2**20

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
        raise WeightsFileError(TRUNCATED) if truncated else malformed() from None
    except (IndexError, KeyError, TypeError, AttributeError):
        raise malformed() from None


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
    if name in NOT_DENSE:
        above = machine.stack[-1] if machine.stack else None
        tensor = repr(above) if isinstance(above, str) else "A tensor"
        raise WeightsFileError(f"{tensor} is nested, quantized, sparse or without data; expected a dense tensor.")
    if name not in GLOBALS:
        raise WeightsFileError(f"The file contains more than tensors (it imports {name}), so it was not loaded.")
    machine.stack.append(Global(name))


def _tuple(machine: _Machine, _: Any) -> None:
    values = machine.above_mark()
    machine.stack.append(tuple(values))


def _append(machine: _Machine, _: Any) -> None:
    value = machine.stack.pop()
    require(machine.stack[-1], list).append(value)


def _append_all(machine: _Machine, _: Any) -> None:
    values = machine.above_mark()
    require(machine.stack[-1], list).extend(values)


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
    require(target, dict, OrderedDict)[key] = value


def _new_object(machine: _Machine, _: Any) -> None:
    values, kind = require(machine.stack.pop(), tuple), require(machine.stack.pop(), Global)
    if kind.name != PARAMETER:
        raise malformed()
    machine.stack.append(values[0] if values else Parameter())


def _call(machine: _Machine, _: Any) -> None:
    values = require(machine.stack.pop(), tuple)
    machine.stack[-1] = _result(machine, require(machine.stack[-1], Global).name, values)


def _result(machine: _Machine, function: str, values: tuple[Any, ...]) -> Any:
    """What a function returns for these arguments."""
    if function in TENSOR_FUNCTIONS:
        return rebuild_tensor(function, values)
    if len(values) > ATTRIBUTES and function in {FROM_TYPE, *PARAMETER_FUNCTIONS} and values[ATTRIBUTES] is not None:
        # torch sets each attribute again for each tensor.
        machine.pay(len(require(values[ATTRIBUTES], dict, OrderedDict)))
    if function in PARAMETER_FUNCTIONS:
        return require(values[0], Tensor)
    if function == FROM_TYPE:
        inner = require(values[0], Global).name
        # One level: a type is never rebuilt by another.
        return _result(machine, "" if inner == FROM_TYPE else inner, require(values[2], tuple))
    if function == ORDERED_DICT:
        return _ordered_dict(machine, values)
    if function == SIZE:
        machine.pay(len(require(values[0], tuple)))
        return values[0]
    raise malformed()


def _ordered_dict(machine: _Machine, values: tuple[Any, ...]) -> Any:
    result: OrderedDict[Any, Any] = OrderedDict()
    # Python 2 wrote the items as a list of pairs.
    for pairs in values:
        machine.pay(len(require(pairs, list)))
        for pair in pairs:
            key, value = require(pair, list, tuple)
            _set(result, key, value)
    return result


def _build(machine: _Machine, _: Any) -> None:
    state, target = machine.stack.pop(), machine.stack[-1]
    if type(target) is OrderedDict:
        # The attributes of a state dict, such as its `_metadata`.
        machine.pay(len(require(state, dict, OrderedDict)))
    elif type(target) is Parameter:
        require(require(state, tuple)[0], Tensor)
        target.filled = True
    else:
        raise malformed()


def _persistent(machine: _Machine, _: Any) -> None:
    identifier = require(machine.stack.pop(), tuple)
    kind, storage, key, _, values, *views = identifier
    item_bytes = STORAGE_CLASSES.get(require(storage, Global).name)
    view = any(value is not None for value in views)
    if kind != "storage" or item_bytes is None or type(key) is not str or type(values) is not int or view or values < 0:
        raise malformed()
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
