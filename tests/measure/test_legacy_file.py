"""The predicted file against one that torch really writes."""

from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from harness.measure.legacy_file import predict_legacy_file

from harness.zoo import Network


def _network(kind: str) -> Network:
    layers: list[torch.nn.Module] = [torch.nn.Conv2d(3, 300, 3), torch.nn.BatchNorm2d(300), torch.nn.Linear(70_000, 2)]
    if kind == "large":
        layers += [module for _ in range(60) for module in (torch.nn.Linear(2, 2), torch.nn.BatchNorm2d(4))]
    return Network(torch.nn.Sequential(*layers), lambda name: f"published.{name}", str)


@pytest.mark.parametrize("kind", ["small", "large"])
@pytest.mark.parametrize("counters", ["int64", "float32"])
def test_size_is_that_of_a_real_file(kind: str, counters: str, tmp_path: Path) -> None:
    """Storage keys are addresses; where they have another number of digits, each costs 2 bytes a digit."""
    network = _network(kind)
    state = OrderedDict(
        (network.published_name(name), tensor.to(getattr(torch, counters)) if tensor.dim() == 0 else tensor.clone())
        for name, tensor in network.module.state_dict().items()
    )
    path = tmp_path / "file.pth"
    torch.save(state, path, _use_new_zipfile_serialization=False)
    keys = [str(tensor.untyped_storage()._cdata) for tensor in state.values()]
    longer = sum(2 * (len(key) - 14) for key in keys)
    parts = predict_legacy_file(network, counters)
    assert parts.tensors == len(state)
    assert parts.size + longer == path.stat().st_size
