"""The tensors in a weights file, read without ever running what a pickle asks for, and what is wrong with them."""

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.zoo import Network

if TYPE_CHECKING:
    import torch

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80\x02"
_HEADER_LENGTH = 8
# A counter of batches seen is an integer, and a float where checkpoints were averaged.
_COUNTERS = "num_batches_tracked"


class WeightsFileError(Exception):
    """A weights file that cannot be used; the message says why, and names the tensor it is about."""


def read_tensors(path: Path) -> dict[str, "torch.Tensor"]:
    """The tensors of a torch file (zip or legacy) or a safetensors file, by their names there, on the CPU.

    Raises WeightsFileError where the file is truncated, is no such file, or asks for more than tensors.
    """
    with path.open("rb") as file:
        beginning = file.read(_HEADER_LENGTH + 1)
    if beginning[_HEADER_LENGTH:] == b"{":
        content = _read_safetensors(path)
    elif beginning.startswith((_ZIP, _PICKLE)):
        content = _read_torch(path)
    else:
        raise WeightsFileError(f"It is no torch or safetensors file: it begins with {beginning!r}.")
    if not isinstance(content, Mapping):
        raise WeightsFileError(f"It holds a {type(content).__name__}, where a mapping of names to tensors is expected.")
    import torch

    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise WeightsFileError(f"{name!r} is a {type(value).__name__}, where a tensor is expected.")
        if value.is_nested or value.is_quantized or value.layout is not torch.strided or value.device.type != "cpu":
            raise WeightsFileError(f"{name!r} is nested, quantised, sparse or without storage: no plain numbers.")
    return dict(content)


def _read_torch(path: Path) -> Any:
    import pickle

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wanted = re.search(r"GLOBAL (\S+)", str(error))
        told = f"it asks for {wanted[1]}" if wanted else "its pickle is malformed"
        raise WeightsFileError(f"It needs more than tensors ({told}), and so it was not loaded.") from None
    except Exception as error:  # noqa: BLE001 - a damaged file fails anywhere in the reader
        if isinstance(error, EOFError) or re.search("unexpected EOF|central directory", str(error)):
            raise WeightsFileError("It is truncated: it ends before its tensors do.") from None
        told = re.split(r"\. |\n", str(error))[0]
        raise WeightsFileError(f"It cannot be read: {type(error).__name__}: {told}") from None


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        if "not fully covered" in str(error) or "too large" in str(error):
            raise WeightsFileError("It is truncated: it ends before its tensors do.") from None
        raise WeightsFileError(f"It cannot be read: {error}") from None


def tensor_faults(tensors: Mapping[str, "torch.Tensor"], network: Network) -> list[str]:
    """What keeps the tensors from being the network's state, a sentence each; names are those in the file."""
    expected = {network.published_name(name): tensor for name, tensor in network.module.state_dict().items()}
    missing = [name for name in expected if name not in tensors]
    extra = [name for name in tensors if name not in expected]
    faults = [f"{_named(names)} {what}." for names, what in ((missing, "missing"), (extra, "of no use")) if names]
    for name in expected.keys() & tensors.keys():
        faults += _faults_of(name, tensors[name], expected[name])
    return sorted(faults)


def _named(names: list[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{len(names)} tensors, {names[0]} the first, are"


def _faults_of(name: str, tensor: "torch.Tensor", expected: "torch.Tensor") -> Iterator[str]:
    import torch

    if tensor.shape != expected.shape:
        yield f"{name} has the shape {list(tensor.shape)}, where the network has {list(expected.shape)}."
    dtypes = {expected.dtype, torch.float32} if name.endswith(_COUNTERS) else {expected.dtype}
    if tensor.dtype not in dtypes:
        yield f"{name} holds {tensor.dtype}, where the network holds {expected.dtype}."
    elif tensor.is_floating_point() and not bool(tensor.isfinite().all()):
        yield f"{name} holds {'NaN' if bool(tensor.isnan().any()) else 'an infinite value'}."
    elif name.endswith("running_var") and bool((tensor < 0).any()):
        yield f"{name} holds a negative variance."


def learned_values(tensors: Mapping[str, "torch.Tensor"], network: Network) -> int:
    """How many of the values in the file are learned: all but the network's running statistics."""
    statistics = {network.published_name(name) for name, _ in network.module.named_buffers()}
    return sum(tensor.numel() for name, tensor in tensors.items() if name not in statistics)
