"""Weights files of every format and with every fault; nothing in them is ever run."""

import os
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from harness.measure.tensors import WeightsFileError, learned_values, read_tensors, tensor_faults
from harness.zoo.regnet import build

NETWORK = build("regnety_canary")


def state() -> dict[str, torch.Tensor]:
    """A state of the network, all of it right."""
    return OrderedDict(
        (NETWORK.published_name(name), torch.ones(tensor.shape, dtype=tensor.dtype))
        for name, tensor in NETWORK.module.state_dict().items()
    )


def legacy(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("save", [torch.save, legacy, save_file])
def test_every_format_is_read(save: object, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    save(state(), path)  # type: ignore[operator]
    tensors = read_tensors(path)
    assert tensor_faults(tensors, NETWORK) == []
    assert learned_values(tensors, NETWORK) == 92348


@pytest.mark.parametrize("save", [torch.save, legacy, save_file])
@pytest.mark.parametrize("left", [0.3, 0.9])
def test_a_truncated_file(save: object, left: float, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    save(state(), path)  # type: ignore[operator]
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * left)])
    with pytest.raises(WeightsFileError, match="truncated"):
        read_tensors(path)


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("save", [torch.save, legacy])
def test_a_file_that_asks_for_more_is_refused_and_not_run(save: object, tmp_path: Path) -> None:
    path, ran = tmp_path / "weights", tmp_path / "ran"
    save({**state(), "more": Hostile(ran)}, path)  # type: ignore[operator]
    with pytest.raises(WeightsFileError, match=r"more than tensors \(it asks for \w+\.mkdir\)"):
        read_tensors(path)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no torch or safetensors file"),
        (b"<html>404</html>", "begins with b'<html>404'"),
        (b"\x80\x02garbage that is no pickle", "cannot be read|malformed"),
        (b"PK\x03\x04 no zip after all", "cannot be read"),
    ],
)
def test_what_is_no_weights_file(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(content)
    with pytest.raises(WeightsFileError, match=told):
        read_tensors(path)


def test_a_file_of_something_else(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list")
    with pytest.raises(WeightsFileError, match="a list, where a mapping"):
        read_tensors(tmp_path / "list")
    torch.save({"epoch": 3}, tmp_path / "epoch")
    with pytest.raises(WeightsFileError, match="'epoch' is a int, where a tensor"):
        read_tensors(tmp_path / "epoch")


def test_tensors_that_are_no_plain_numbers(tmp_path: Path) -> None:
    for odd in (torch.ones(2, device="meta"), torch.ones(2, 2).to_sparse()):
        torch.save({"stem.conv.weight": odd}, tmp_path / "odd")
        with pytest.raises(WeightsFileError, match=r"'stem\.conv\.weight' is nested, quantised, sparse"):
            read_tensors(tmp_path / "odd")


def _without_two(tensors: dict[str, torch.Tensor]) -> None:
    del tensors["stem.conv.weight"], tensors["head.fc.bias"]


def _with_more(tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.fc2.bias"] = torch.ones(3)


def _other_shape(tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.fc.weight"] = torch.ones(10, 65)


def _half(tensors: dict[str, torch.Tensor]) -> None:
    tensors["head.fc.weight"] = tensors["head.fc.weight"].half()


def _float_counter(tensors: dict[str, torch.Tensor]) -> None:
    tensors["stem.bn.num_batches_tracked"] = torch.tensor(3.5)


def _nan(tensors: dict[str, torch.Tensor]) -> None:
    tensors["s1.b1.conv1.conv.weight"][0, 0] = float("nan")


def _infinite(tensors: dict[str, torch.Tensor]) -> None:
    tensors["s1.b1.conv1.bn.bias"][0] = float("-inf")


def _negative(tensors: dict[str, torch.Tensor]) -> None:
    tensors["s4.b2.conv2.bn.running_var"][5] = -1e-9


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_without_two, ["2 tensors, stem.conv.weight the first, are missing."]),
        (_with_more, ["head.fc2.bias is of no use."]),
        (_other_shape, ["head.fc.weight has the shape [10, 65], where the network has [10, 64]."]),
        (_half, ["head.fc.weight holds torch.float16, where the network holds torch.float32."]),
        (_nan, ["s1.b1.conv1.conv.weight holds NaN."]),
        (_infinite, ["s1.b1.conv1.bn.bias holds an infinite value."]),
        (_negative, ["s4.b2.conv2.bn.running_var holds a negative variance."]),
        (_float_counter, []),
    ],
)
def test_each_fault_names_its_tensor(spoil: object, told: list[str]) -> None:
    tensors = state()
    spoil(tensors)  # type: ignore[operator]
    assert tensor_faults(tensors, NETWORK) == told
