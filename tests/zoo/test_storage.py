"""Networks that need numbers get real tensors, one at a time and within the limit; the others get none."""

import pytest
import timm
import torch
from torch import nn

from harness.measure.operations import ForwardError, trace
from harness.measure.parameters import parameter_count
from harness.zoo import Network, storage
from harness.zoo.network import without_storage
from harness.zoo.storage import StorageLimitError


class NeedsNumbersToBuild(nn.Module):
    """Its depth is computed from a tensor that is a layer's."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        depth = int(torch.zeros(2).add(1).sum().item())
        self.layers = nn.Sequential(*(nn.Linear(width, width) for _ in range(depth)))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layers(image)


class NeedsNumbersToRun(nn.Module):
    """What it does depends on what it sees."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.layer = nn.Linear(8, width)
        nn.init.ones_(self.layer.weight)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        if image.sum() > 1:
            return image
        return self.layer(image) + (self.layer(image) if image.max().item() == 0 else 0)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_numbers_to_build() -> None:
    module = without_storage(NeedsNumbersToBuild)
    assert parameter_count(Network(module)) == 2 * (16 + 4)
    assert all(parameter.is_meta for parameter in module.parameters())


def test_numbers_without_a_folder_to_lock(monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert without_storage(NeedsNumbersToBuild)


def test_numbers_to_run() -> None:
    network = Network(without_storage(NeedsNumbersToRun), make=NeedsNumbersToRun)
    read = trace(network, 8, 8)
    assert sum(operation.macs for operation in read.operations) == 2 * 3 * 8 * 8 * 8
    assert read.output == (1, 3, 8, 8)
    with pytest.raises(ForwardError, match="meta"):
        trace(Network(network.module), 8, 8)


def test_what_is_too_large_is_refused_before_it_is_made(monkeypatch) -> None:
    monkeypatch.setattr(storage, "LIMIT", 4000)
    with pytest.raises(StorageLimitError):
        without_storage(lambda: NeedsNumbersToBuild(64))
    assert without_storage(lambda: NeedsNumbersToBuild(8))
    many = Network(without_storage(NeedsNumbersToRun), make=lambda: NeedsNumbersToRun(500))
    with pytest.raises(StorageLimitError):
        trace(many, 8, 8)
    monkeypatch.setattr(storage, "LIMIT", 2**31)
    with pytest.raises(StorageLimitError):
        without_storage(lambda: NeedsNumbersToBuild(10**6))


def test_a_constructor_that_mixes_values_and_layers_builds_without_numbers(monkeypatch) -> None:
    monkeypatch.setattr(storage, "LIMIT", 0)
    assert without_storage(lambda: timm.create_model("vit_small_patch16_rope_mixed_224"))


def test_what_a_constructor_raises_itself_comes_through() -> None:
    with pytest.raises(RuntimeError, match="my own"):
        without_storage(lambda: (_ for _ in ()).throw(RuntimeError("my own")))
