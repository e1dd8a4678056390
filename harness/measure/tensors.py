"""Read the tensors of a weights file without executing pickled code, and compare them with a network's state."""

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.measure.weights_file_error import TRUNCATED, WeightsFileError
from harness.zoo import Network

if TYPE_CHECKING:
    import torch

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80\x02"
_HEADER_LENGTH = 8
# A tensor's entry takes about 100 bytes: enough for 160 000 tensors.
_MOST_HEADER_BYTES = 16 * 2**20
# Messages quote names. Those of the deepest networks have about 100 characters.
_MOST_NAME_CHARACTERS = 1000
# Batch norms count batches in an integer; averaging checkpoints turns it into a float.
_COUNTERS = "num_batches_tracked"


def read_tensors(path: Path) -> dict[str, "torch.Tensor"]:
    """The tensors of a torch file (zip or legacy) or a safetensors file, by name, on the CPU.

    Reading takes about as much memory as the file. Raises WeightsFileError if the file is truncated, has another
    format, or contains anything but tensors; OSError if it cannot be read.
    """
    with path.open("rb") as file:
        beginning = file.read(_HEADER_LENGTH + 1)
        size = os.fstat(file.fileno()).st_size
    if beginning[_HEADER_LENGTH:] == b"{":
        _check_header(int.from_bytes(beginning[:_HEADER_LENGTH], "little"), size)
        content = _read_safetensors(path)
    elif beginning.startswith((_ZIP, _PICKLE)):
        # Imported here: a cached run reads no weights file, and this takes 20 ms.
        from harness.measure.torch_file import check_torch_file

        check_torch_file(path)
        content = _read_torch(path)
    else:
        raise WeightsFileError(f"Not a torch or safetensors file: it begins with {beginning!r}.")
    if not isinstance(content, dict):
        raise WeightsFileError(f"The file contains a {type(content).__name__}; expected a mapping of names to tensors.")
    import torch

    # A file can set attributes that hide methods: those of the class are called, and a detached tensor has no others.
    tensors = dict(dict.items(content))
    for name, value in tensors.items():
        if isinstance(name, str) and (len(name) > _MOST_NAME_CHARACTERS or not _is_unicode(name)):
            expected = f"names of valid Unicode with at most {_MOST_NAME_CHARACTERS} characters"
            raise WeightsFileError(f"The file contains a tensor named {name[:40]!r}…; expected {expected}; rename it.")
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise WeightsFileError(f"{name!r} is a {type(value).__name__}; expected a tensor.")
        if value.is_nested or value.is_quantized or value.layout is not torch.strided or value.device.type != "cpu":
            raise WeightsFileError(f"{name!r} is nested, quantized, sparse or without data; expected a dense tensor.")
    return {name: torch.Tensor.detach(value) for name, value in tensors.items()}


def _is_unicode(name: str) -> bool:
    """Whether the name has no lone surrogates, which no output can encode."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_torch(path: Path) -> Any:
    import pickle

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        imported = re.search(r"GLOBAL (\S+)", str(error))
        detail = f"it imports {imported[1]}" if imported else "its pickle is malformed"
        raise WeightsFileError(f"The file contains more than tensors ({detail}), so it was not loaded.") from None
    except Exception as error:  # noqa: BLE001 - a damaged file fails anywhere in the reader
        if isinstance(error, EOFError) or re.search("unexpected EOF|central directory", str(error)):
            raise WeightsFileError(TRUNCATED) from None
        message = re.split(r"\. |\n", str(error))[0]
        raise WeightsFileError(f"The file cannot be read: {type(error).__name__}: {message}") from None


def _check_header(length: int, size: int) -> None:
    """Check the length of a safetensors file's JSON; the library checks its offsets."""
    if length > size - _HEADER_LENGTH:
        raise WeightsFileError(TRUNCATED)
    if length > _MOST_HEADER_BYTES:
        raise WeightsFileError(
            f"The file's header has {length} bytes; expected at most {_MOST_HEADER_BYTES}; save fewer tensors."
        )


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        if "not fully covered" in str(error) or "too large" in str(error):
            raise WeightsFileError(TRUNCATED) from None
        raise WeightsFileError(f"The file cannot be read: {error}") from None


def state_problems(tensors: Mapping[str, "torch.Tensor"], network: Network) -> list[str]:
    """Why the tensors are not the network's state, one sentence per problem, with the names in the file."""
    expected = {network.checkpoint_name(name): tensor for name, tensor in network.module.state_dict().items()}
    problems = [
        *_summary("missing", [name for name in expected if name not in tensors]),
        *_summary("unexpected", [name for name in tensors if name not in expected]),
    ]
    for name in expected.keys() & tensors.keys():
        problems += _tensor_problems(name, tensors[name], expected[name])
    return sorted(problems)


def _summary(kind: str, names: list[str]) -> Iterator[str]:
    if len(names) == 1:
        yield f"1 {kind} tensor: {names[0]}."
    elif names:
        yield f"{len(names)} {kind} tensors (first: {names[0]})."


def _tensor_problems(name: str, tensor: "torch.Tensor", expected: "torch.Tensor") -> Iterator[str]:
    import torch

    if tensor.shape != expected.shape:
        yield f"{name} has shape {list(tensor.shape)}; the network expects {list(expected.shape)}."
        return
    tensor = _without_repetitions(tensor)
    dtypes = {expected.dtype, torch.float32} if name.endswith(_COUNTERS) else {expected.dtype}
    if tensor.dtype not in dtypes:
        yield f"{name} has dtype {tensor.dtype}; the network expects {expected.dtype}."
    elif tensor.is_floating_point() and not bool(tensor.isfinite().all()):
        yield f"{name} contains {'NaN' if bool(tensor.isnan().any()) else 'infinite values'}."
    elif name.endswith("running_var") and bool((tensor < 0).any()):
        yield f"{name} contains a negative variance."


def _without_repetitions(tensor: "torch.Tensor") -> "torch.Tensor":
    """The tensor with each value of an expanded dimension once: a few bytes can be expanded to any size."""
    for dimension, step in enumerate(tensor.stride()):
        if step == 0 and tensor.shape[dimension] > 1:
            tensor = tensor.narrow(dimension, 0, 1)
    return tensor


def learned_values(tensors: Mapping[str, "torch.Tensor"], network: Network) -> int:
    """The number of learned values in the file: all but the network's running statistics."""
    statistics = {network.checkpoint_name(name) for name, _ in network.module.named_buffers()}
    return sum(tensor.numel() for name, tensor in tensors.items() if name not in statistics)
