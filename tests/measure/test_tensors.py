"""Weights files of every format and with every defect; their pickles are never executed."""

import os
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from harness.measure.tensors import WeightsFileError, learned_values, read_tensors, state_problems
from harness.zoo.regnet import build

NETWORK = build("regnety_canary")


def state() -> dict[str, torch.Tensor]:
    """A valid state of the network."""
    return OrderedDict(
        (NETWORK.checkpoint_name(name), torch.ones(tensor.shape, dtype=tensor.dtype))
        for name, tensor in NETWORK.module.state_dict().items()
    )


def legacy(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("save", [torch.save, legacy, save_file])
def test_every_format_is_read(save: object, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    save(state(), path)  # type: ignore[operator]
    tensors = read_tensors(path)
    assert state_problems(tensors, NETWORK) == []
    assert learned_values(tensors, NETWORK) == 92348


@pytest.mark.parametrize("save", [torch.save, legacy, save_file])
@pytest.mark.parametrize("fraction", [0.3, 0.9])
def test_truncated_file(save: object, fraction: float, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    save(state(), path)  # type: ignore[operator]
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * fraction)])
    with pytest.raises(WeightsFileError, match="truncated"):
        read_tensors(path)


class Hostile:
    """Creates a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("save", [torch.save, legacy])
def test_a_file_with_other_objects_is_rejected_without_running_it(save: object, tmp_path: Path) -> None:
    path, ran = tmp_path / "weights", tmp_path / "ran"
    save({**state(), "more": Hostile(ran)}, path)  # type: ignore[operator]
    with pytest.raises(WeightsFileError, match=r"more than tensors \(it imports \w+\.mkdir\)"):
        read_tensors(path)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Not a torch or safetensors file"),
        (b"<html>404</html>", "begins with b'<html>404'"),
        (b"\x80\x02garbage that is no pickle", "cannot be read|malformed"),
        (b"PK\x03\x04 no zip after all", "cannot be read"),
    ],
)
def test_not_a_weights_file(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(content)
    with pytest.raises(WeightsFileError, match=message):
        read_tensors(path)


def test_a_torch_file_without_a_state(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list")
    with pytest.raises(WeightsFileError, match="a list; expected a mapping"):
        read_tensors(tmp_path / "list")
    torch.save({"epoch": 3}, tmp_path / "epoch")
    with pytest.raises(WeightsFileError, match="'epoch' is a int; expected a tensor"):
        read_tensors(tmp_path / "epoch")


def test_tensors_that_are_not_dense(tmp_path: Path) -> None:
    for odd in (torch.ones(2, device="meta"), torch.ones(2, 2).to_sparse()):
        torch.save({"stem.conv.weight": odd}, tmp_path / "odd")
        with pytest.raises(WeightsFileError, match=r"'stem\.conv\.weight' is nested, quantized, sparse"):
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
    ("spoil", "problems"),
    [
        (_without_two, ["2 missing tensors (first: stem.conv.weight)."]),
        (_with_more, ["1 unexpected tensor: head.fc2.bias."]),
        (_other_shape, ["head.fc.weight has shape [10, 65]; the network expects [10, 64]."]),
        (_half, ["head.fc.weight has dtype torch.float16; the network expects torch.float32."]),
        (_nan, ["s1.b1.conv1.conv.weight contains NaN."]),
        (_infinite, ["s1.b1.conv1.bn.bias contains infinite values."]),
        (_negative, ["s4.b2.conv2.bn.running_var contains a negative variance."]),
        (_float_counter, []),
    ],
)
def test_each_problem_names_its_tensor(spoil: object, problems: list[str]) -> None:
    tensors = state()
    spoil(tensors)  # type: ignore[operator]
    assert state_problems(tensors, NETWORK) == problems
