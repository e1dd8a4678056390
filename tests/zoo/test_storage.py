"""Only networks that depend on tensor values get real tensors, one network at a time and within the limit."""

import pytest
import timm
import torch
from torch import nn

from harness.measure.operations import ForwardError
from harness.measure.parameters import parameter_count
from harness.measure.tracing import trace
from harness.zoo import Network, storage
from harness.zoo.network import build_on_meta
from harness.zoo.storage import StorageLimitError


class NeedsValuesToBuild(nn.Module):
    """Its depth is computed from the values of a tensor."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        depth = int(torch.zeros(2).add(1).sum().item())
        self.layers = nn.Sequential(*(nn.Linear(width, width) for _ in range(depth)))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layers(image)


class NeedsValuesToRun(nn.Module):
    """Its forward pass depends on the values of the image."""

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


def test_values_to_build() -> None:
    module = build_on_meta(NeedsValuesToBuild)
    assert parameter_count(Network(module)) == 2 * (16 + 4)
    assert all(parameter.is_meta for parameter in module.parameters())


def test_values_without_a_folder_to_lock(monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert build_on_meta(NeedsValuesToBuild)


def test_values_to_run() -> None:
    network = Network(build_on_meta(NeedsValuesToRun), make=NeedsValuesToRun)
    read = trace(network, 8, 8)
    assert sum(operation.macs for operation in read.operations) == 2 * 3 * 8 * 8 * 8
    assert read.output == (1, 3, 8, 8)
    with pytest.raises(ForwardError, match="meta"):
        trace(Network(network.module), 8, 8)


def test_tensors_over_the_limit_are_not_allocated(monkeypatch) -> None:
    monkeypatch.setattr(storage, "LIMIT", 4000)
    with pytest.raises(StorageLimitError):
        build_on_meta(lambda: NeedsValuesToBuild(64))
    assert build_on_meta(lambda: NeedsValuesToBuild(8))
    many = Network(build_on_meta(NeedsValuesToRun), make=lambda: NeedsValuesToRun(500))
    with pytest.raises(StorageLimitError):
        trace(many, 8, 8)
    monkeypatch.setattr(storage, "LIMIT", 2**31)
    with pytest.raises(StorageLimitError):
        build_on_meta(lambda: NeedsValuesToBuild(10**6))


def test_a_constructor_that_mixes_values_and_layers_builds_without_real_tensors(monkeypatch) -> None:
    monkeypatch.setattr(storage, "LIMIT", 0)
    assert build_on_meta(lambda: timm.create_model("vit_small_patch16_rope_mixed_224"))


def test_errors_of_a_constructor_propagate() -> None:
    with pytest.raises(RuntimeError, match="my own"):
        build_on_meta(lambda: (_ for _ in ()).throw(RuntimeError("my own")))


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "file").write_text("mine")
    (tmp_path / "cache" / "model-card-harness").mkdir(parents=True)
    (tmp_path / "cache" / "model-card-harness" / "real-tensors.lock").symlink_to(tmp_path / "file")
    with storage.real_tensors():
        assert (tmp_path / "file").read_text() == "mine"
