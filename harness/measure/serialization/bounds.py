"""The smallest and the largest file of a state, if all is unknown that a file stores beside the tensors' data.

That is: the lengths of the storage keys, which are addresses, device names, gradient flags, counters and versions of
modules, and a dictionary around the state. All of it takes little, so the range is narrow, but a match is not exact.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from harness.measure.serialization.module_trees import TODAYS_TREE
from harness.measure.serialization.prediction import predictions
from harness.measure.serialization.state import State
from harness.measure.serialization.state_pickle import Content, pickled_size
from harness.measure.serialization.table import Legacy, Serialization
from harness.measure.serialization.tar import RECORD_BYTES, tar_size

# Addresses that a process on 64 bits has: from the heap of a program at a fixed address to the end of 47 bits.
KEY_DIGITS = 8, 15

_FORMATS = (
    Serialization("smallest", "", Legacy(KEY_DIGITS[0]), Content(counters=None, old_tensors=True)),
    Serialization("largest", "", Legacy(KEY_DIGITS[1]), Content(metadata=TODAYS_TREE, on_gpu=True, parameters=True)),
)
# What training scripts save: `{"epoch": …, "arch": …, "state_dict": …}`.
_WRAPPER = {"epoch": 1000, "arch": "wide_resnet101_2", "state_dict": OrderedDict[str, int]()}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of sizes of a format, all of them multiples of `multiple`, and the bytes of the tensors' data.

    `smallest_is` and `largest_is` say what the smallest and the largest file store.
    """

    format: str
    data: int
    smallest: int
    largest: int
    smallest_is: str
    largest_is: str
    multiple: int = 1

    @property
    def width(self) -> int:
        """The difference of the largest and the smallest size."""
        return self.largest - self.smallest

    def holds(self, size: Decimal | int) -> bool:
        """Whether a file of the format can have this size."""
        return self.smallest <= size <= self.largest and size % self.multiple == 0


def bounds_of(state: State) -> Iterator[Bounds]:
    """The range of each format of which an exact size cannot be predicted, the most precise first."""
    smallest, largest = predictions(state, _FORMATS)
    data = smallest.parts["data"]
    least, most = KEY_DIGITS
    yield Bounds(
        "tar (first versions of torch)",
        data,
        tar_size(state, least, parameters=False),
        tar_size(state, most, parameters=True),
        f"tensors, addresses of {least} digits",
        f"parameters, addresses of {most} digits",
        RECORD_BYTES,
    )
    yield Bounds(
        "legacy",
        data,
        smallest.size,
        largest.size + pickled_size(_WRAPPER),
        f"tensors from before torch 0.4, no counters, addresses of {least} digits",
        f"parameters on a GPU, counters, module versions, addresses of {most} digits, epoch and name of the network",
    )
