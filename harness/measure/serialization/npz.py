"""The size of the NumPy archive that Google publishes for Big Transfer networks.

An uncompressed zip file of one array per tensor, sorted by name, under the names of the original.

Source: huggingface/pytorch-image-models v1.0.0, timm/models/resnetv2.py, `_load_weights`; the
Python library's `zipfile` for the extra fields beyond 2 GiB; NumPy 1.14, `numpy.lib.format`, for the arrays' headers.
"""

import re
from collections.abc import Mapping

from harness.measure.serialization.state import STORAGES, State, Tensor

# Sizes of the fixed parts of a zip file, as in prediction.py, and of the field for an offset of 64 bits.
_LOCAL_HEADER, _CENTRAL_HEADER, _END = 30, 46, 22
_LARGE_OFFSET_FIELD, _LARGE_END = 12, 56 + 20
_LARGEST_OFFSET = (1 << 31) - 1
_ARRAY_MAGIC, _ARRAY_ALIGNMENT = 10, 64

_NAMES = (
    (re.compile(r"^stem\.conv\.weight$"), "root_block/standardized_conv2d/kernel"),
    (re.compile(r"^head\.fc\.weight$"), "head/conv2d/kernel"),
    (re.compile(r"^head\.fc\.bias$"), "head/conv2d/bias"),
    (re.compile(r"^norm\.weight$"), "group_norm/gamma"),
    (re.compile(r"^norm\.bias$"), "group_norm/beta"),
)
_IN_BLOCK = re.compile(r"^stages\.(\d+)\.blocks\.(\d+)\.(?:downsample\.(conv)|(conv|norm)(\d))\.(weight|bias)$")


def npz_parts(state: State) -> Mapping[str, int] | None:
    """The bytes of each part of the archive; None if the state is not that of a Big Transfer network."""
    names = {_original_name(tensor): tensor for tensor in state.tensors}
    if None in names:
        return None
    offset = directory = data = 0
    for name, tensor in sorted(names.items(), key=lambda item: str(item[0])):
        file_name = f"resnet/{name}.npy"
        directory += _CENTRAL_HEADER + len(file_name) + _LARGE_OFFSET_FIELD * (offset > _LARGEST_OFFSET)
        size = tensor.elements * STORAGES[tensor.kind][1]
        offset += _LOCAL_HEADER + len(file_name) + _array_header(tensor) + size
        data += size
    end = _END + _LARGE_END * (offset > _LARGEST_OFFSET)
    return {"data": data, "headers": offset - data, "directory": directory + end}


def _original_name(tensor: Tensor) -> str | None:
    for pattern, name in _NAMES:
        if pattern.match(tensor.name):
            return name
    match = _IN_BLOCK.match(tensor.name)
    if match is None:
        return None
    stage, block, shortcut, kind, number, value = match.groups()
    unit = f"block{int(stage) + 1}/unit{int(block) + 1:02}"
    if shortcut:
        return f"{unit}/a/proj/standardized_conv2d/kernel"
    part = f"{unit}/{'abc'[int(number) - 1]}"
    if kind == "conv":
        return f"{part}/standardized_conv2d/kernel"
    return f"{part}/group_norm/{'gamma' if value == 'weight' else 'beta'}"


def _array_header(tensor: Tensor) -> int:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tensor.shape}, }}\n"
    size = _ARRAY_MAGIC + len(text)
    return size + -size % _ARRAY_ALIGNMENT
