"""Predicted file sizes match files that torch writes, and published files of known size."""

import io
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.measure.serialization.bounds import bounds_of
from harness.measure.serialization.other_layers import other_states
from harness.measure.serialization.prediction import Prediction, predictions
from harness.measure.serialization.state import state_of
from harness.measure.serialization.table import ARCHIVE_NAME_LENGTHS, BY_NAME, SERIALIZATIONS, UNKNOWN_ARCHIVE_NAMES
from harness.verdict import NotHereError
from harness.zoo import Blueprint, Network, build

Save = Callable[[torch.nn.Module], Any]


def _module(kind: str) -> torch.nn.Module:
    layers: list[torch.nn.Module] = [torch.nn.Conv2d(3, 300, 3), torch.nn.BatchNorm2d(300), torch.nn.Linear(70_000, 2)]
    if kind == "large":
        layers += [module for _ in range(60) for module in (torch.nn.Linear(2, 2), torch.nn.BatchNorm2d(4))]
        layers.append(layers[-2])  # tied: its tensors are in the file twice, their storages once
    return torch.nn.Sequential(*layers)


def _predicted(module: torch.nn.Module, name: str, file_stem: str = "") -> Prediction:
    return next(predictions(state_of(Network(module)), [BY_NAME[name]], file_stem))


def _averaged(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return OrderedDict((name, tensor.float()) for name, tensor in module.state_dict().items())


def _without_counters(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return OrderedDict((name, tensor) for name, tensor in module.state_dict().items() if tensor.dim())


def _converted_kernels(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return OrderedDict(
        (name, tensor.permute(2, 3, 1, 0).contiguous().permute(3, 2, 0, 1) if tensor.dim() == 4 else tensor)
        for name, tensor in module.state_dict().items()
    )


def _half(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """As `torch.nn.Module.half`, but batch norms keep float32."""
    for layer in module:  # type: ignore[attr-defined]
        if not isinstance(layer, torch.nn.BatchNorm2d):
            layer.half()
    return dict(module.state_dict())


class _OldTensor:
    """Pickles like a tensor before torch 0.4, which `torch._utils._rebuild_tensor` still reads."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor

    def __reduce__(self) -> tuple[Any, ...]:
        tensor = self.tensor
        storage = torch.storage.TypedStorage(wrap_storage=tensor.untyped_storage(), dtype=tensor.dtype, _internal=True)
        return torch._utils._rebuild_tensor, (storage, 0, tuple(tensor.shape), tensor.stride())


def _old_tensors(module: torch.nn.Module) -> dict[str, _OldTensor]:
    return OrderedDict((name, _OldTensor(tensor)) for name, tensor in _without_counters(module).items())


LEGACY: dict[str, Save] = {
    "legacy": lambda module: OrderedDict(module.state_dict()),
    "legacy, float32 counters": _averaged,
    "legacy, dict": lambda module: dict(module.state_dict()),
    "legacy, cuda:0": lambda module: OrderedDict(module.state_dict()),
    "legacy, no counters, 15-digit keys": _without_counters,
    "legacy, metadata": lambda module: module.state_dict(),
    "legacy, before torch 0.4": _old_tensors,
    "legacy, converted kernels": _converted_kernels,
    "legacy, dict, half precision": _half,
}


@pytest.mark.parametrize("kind", ["small", "large"])
@pytest.mark.parametrize("name", LEGACY)
def test_a_legacy_file_has_the_predicted_size(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storage keys are addresses; each digit more or less than predicted takes 2 bytes."""
    module, stream = _module(kind), io.BytesIO()
    predicted = _predicted(module, name)
    if name == "legacy, cuda:0":
        monkeypatch.setattr("torch.serialization.location_tag", lambda _: "".join(["cuda:", "0"]))
    state = LEGACY[name](module)
    torch.save(state, stream, _use_new_zipfile_serialization=False)
    tensors = [getattr(tensor, "tensor", tensor) for tensor in state.values()]
    addresses = [str(tensor.untyped_storage()._cdata) for tensor in tensors]
    digits = BY_NAME[name].format.key_digits or 0
    in_pickle, in_list = (sum(len(key) - digits for key in keys) for keys in (addresses, set(addresses)))
    assert predicted.tensors == len(state)
    assert predicted.size + in_pickle + in_list == len(stream.getvalue())


@pytest.mark.parametrize("digits", [8, 9, 10])
def test_each_digit_of_a_storage_key_takes_two_bytes(digits: int) -> None:
    module = _module("large")
    usual = _predicted(module, "legacy, before torch 0.4")
    storages = usual.parts["element_counts"] // 8
    shorter = (14 - digits) * (usual.tensors + storages)
    assert usual.size - _predicted(module, f"legacy, before torch 0.4, {digits}-digit keys").size == shorter


@pytest.mark.parametrize("kind", ["small", "large"])
@pytest.mark.parametrize(
    ("name", "save"), [("", LEGACY["legacy"]), (", metadata", LEGACY["legacy, metadata"])], ids=["bare", "metadata"]
)
def test_a_zip_file_has_the_predicted_size(kind: str, name: str, save: Save, tmp_path: Path) -> None:
    module, stream, path = _module(kind), io.BytesIO(), tmp_path / "a_network.pth"
    torch.save(save(module), stream)
    torch.save(save(module), path)
    written_by = "zip 2.7" if ".format_version" in str(stream.getvalue()) else "zip 2.1"
    assert _predicted(module, written_by + name).size == len(stream.getvalue())
    assert _predicted(module, f"{written_by}, named{name}", "a_network").size == path.stat().st_size


@pytest.mark.parametrize("stem", ["x", "epoch_12", "a_checkpoint_with_quite_a_long_name"])
def test_a_zip_file_saved_under_an_unknown_name_has_a_predicted_size(stem: str, tmp_path: Path) -> None:
    module, path = _module("large"), tmp_path / f"{stem}.pth"
    torch.save(module.state_dict(), path)
    files = predictions(state_of(Network(module)), UNKNOWN_ARCHIVE_NAMES)
    matching = [file.serialization for file in files if file.size == path.stat().st_size]
    assert any(way.name.endswith(f", archive name of {len(stem)} characters, metadata") for way in matching)
    assert len(UNKNOWN_ARCHIVE_NAMES) == 6 * len(ARCHIVE_NAME_LENGTHS)


def test_a_file_with_parameters_from_torch_1_6_has_the_predicted_size(tmp_path: Path) -> None:
    """Today's torch writes the same pickle, with counted keys and more records."""
    module = _module("large")
    content = BY_NAME["zip 1.6, parameters, no counters, 15-digit keys"].content
    state = _without_counters(module)
    for name, _ in module.named_parameters(remove_duplicate=False):
        state[name] = torch.nn.Parameter(state[name])
    torch.save(state, tmp_path / "file.pth")
    named = replace(BY_NAME["zip 2.7, named"], content=content)
    (file,) = predictions(state_of(Network(module)), [named], "file")
    assert file.size == (tmp_path / "file.pth").stat().st_size


@pytest.mark.parametrize(
    ("model", "size", "name"),
    [
        # densenet121-a639ec97.pth, of 2017: declared by huggingface/pytorch-image-models, docs of tv_densenet121.
        ("densenet121", 32342954, "legacy, before torch 0.4, 8-digit keys"),
        # resnet50-11ad3fa6.pth, of 2021: jodogne/orthanc-mammography@ec74b85c02c6c3b49bb5b743fee4828848147cdc,
        # download.py.
        ("resnet50", 102540417, "zip 1.8, metadata"),
        # resnet18-f37072fd.pth and resnet50-0676ba61.pth, of 2021: 62 and 267 tensors without counters.
        ("resnet18", 46830571, "zip 1.6, parameters, no counters, 15-digit keys"),
        ("resnet50", 102530333, "zip 1.6, parameters, no counters, 15-digit keys"),
    ],
)
def test_published_files_have_the_predicted_size(model: str, size: int, name: str) -> None:
    """Files in formats that this torch cannot write."""
    state = state_of(build(Blueprint(model, "torchvision")))
    matching = [file.serialization.name for file in predictions(state, SERIALIZATIONS, model) if file.size == size]
    assert matching == [name]


# Declared by huggingface/pytorch-image-models, hfdocs/source/models.
@pytest.mark.parametrize(
    ("model", "size", "name"),
    [
        ("gluon_resnet18_v1b", 46816736, "legacy, metadata of timm in 2019"),
        ("gluon_seresnext50_32x4d", 110578827, "legacy, metadata of timm in 2019"),
        ("tf_efficientnet_b0", 21383997, "legacy, metadata of timm in 2019"),
        ("tf_mixnet_s", 16738218, "legacy, metadata of timm in 2019"),
        ("tf_efficientnet_b0_ap", 21385973, "legacy, metadata of timm in 2020"),
        ("resnest14d", 42562639, "legacy, metadata of timm in 2020"),
        ("tf_efficientnet_b0_ns", 21386709, "legacy, metadata of timm in 2020 with pooling in squeeze-and-excitation"),
        ("ecaresnetlight", 120956612, "legacy, metadata of timm in 2020 with pooling in squeeze-and-excitation"),
        ("tv_resnext50_32x4d", 100441675, "legacy, metadata of torchvision"),
        ("resnext101_32x8d", 356082095, "legacy, metadata of torchvision"),
        ("vit_base_patch16_224", 346292833, "legacy, converted kernels"),
        ("vit_base_patch32_384", 353210979, "legacy, converted kernels"),
        ("wide_resnet101_2", 254695146, "legacy, dict, half precision"),
        ("resnetv2_50x1_bitm", 102242668, "npz"),
        ("resnetv2_152x4_bitm", 3746270104, "npz"),  # beyond 2 GiB
    ],
)
def test_files_of_earlier_libraries_have_the_predicted_size(model: str, size: int, name: str) -> None:
    state = state_of(build(Blueprint(model)))
    zip_files = {serialization for serialization in SERIALIZATIONS if serialization.name.startswith("zip")}
    others = [serialization for serialization in SERIALIZATIONS if serialization not in zip_files]
    assert [file.serialization.name for file in predictions(state, others) if file.size == size] == [name]


@pytest.mark.parametrize(
    ("model", "size"), [("resnet18", 46827520), ("tv_resnet50", 102502400), ("tv_resnet152", 241530880)]
)
def test_tar_files_are_in_a_range_of_few_sizes(model: str, size: int) -> None:
    tar, legacy = bounds_of(state_of(build(Blueprint(model))))
    assert tar.holds(size)
    assert not tar.holds(size + 1)
    assert tar.width <= 3 * tar.multiple
    assert legacy.smallest < legacy.largest < 1.001 * legacy.smallest


@pytest.mark.parametrize(
    ("model", "size", "difference"),
    [
        ("dla46_c", 5307963, "projection layers"),
        ("dla60x", 70883139, "projection layers"),
        ("inception_v3", 108857766, "auxiliary classifier"),
    ],
)
def test_files_with_more_layers_are_in_the_range_of_another_state(model: str, size: int, difference: str) -> None:
    network = build(Blueprint(model))
    (other,) = other_states(network)
    assert difference in other.difference
    assert any(bounds.holds(size) for bounds in bounds_of(other.state))
    assert not any(bounds.holds(size) for bounds in bounds_of(state_of(network)))


def test_a_file_with_any_unknown_detail_is_in_the_range(tmp_path: Path) -> None:
    module, path = _module("large"), tmp_path / "file.pth"
    _, legacy = bounds_of(state_of(Network(module)))
    state = module.state_dict()
    for saved in (state, dict(state), _without_counters(module), {"epoch": 9, "arch": "net", "state_dict": state}):
        torch.save(saved, path, _use_new_zipfile_serialization=False)
        assert legacy.holds(path.stat().st_size)
    torch.save(_without_counters(module) | {"0.weight": torch.zeros(0)}, path, _use_new_zipfile_serialization=False)
    assert path.stat().st_size < legacy.smallest


def test_names_are_unique_and_serializations_that_need_a_file_name_are_skipped_without() -> None:
    assert len(BY_NAME) == len(SERIALIZATIONS)
    predicted = [file.serialization.name for file in predictions(state_of(Network(_module("small"))), SERIALIZATIONS)]
    named = {name for name in BY_NAME if ", named" in name}
    same_as_others = {name for name in BY_NAME if "metadata of" in name}  # without modules of timm
    assert set(BY_NAME) - set(predicted) == named | same_as_others | {"npz"}
    sizes = [file.size for file in predictions(state_of(Network(_module("large"))), SERIALIZATIONS, "a_network")]
    assert len(set(sizes)) == len(sizes)


def test_state_that_is_not_a_dense_tensor_is_named() -> None:
    class Odd(torch.nn.Module):
        def get_extra_state(self) -> str:
            return "more"

    with pytest.raises(NotHereError, match="_extra_state is unknown: it is not a dense tensor"):
        state_of(Network(Odd()))
