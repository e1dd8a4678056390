"""RegNetY compared with timm's network with the same state: equal logits, and names that translate both ways."""

import pytest
import timm
import torch

from harness.evaluate.run.network_loading import with_tensors
from harness.measure.tensors import state_problems
from harness.zoo.regnet import build
from tests.conftest import MODELS

# Odd, so every stage rounds its size.
_SIDE = 97


def random_state(model: str) -> torch.nn.Module:
    """timm's network with random weights, with statistics that keep every activation finite and nonzero."""
    torch.manual_seed(len(model) + int(model[-3:]))
    network = timm.create_model(model).eval()
    for name, tensor in network.state_dict().items():
        if name.endswith("running_mean"):
            tensor.normal_(0, 0.1)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif name.endswith("bn.weight"):
            tensor.uniform_(0.5, 1.0)
        elif name.endswith("bias"):
            tensor.normal_(0, 0.1)
    return network


@pytest.mark.parametrize("model", MODELS)
def test_logits_match_timm(model: str) -> None:
    timm_network = random_state(model)
    network = build(model)
    state = timm_network.state_dict()
    assert state_problems(state, network) == []
    module = with_tensors(network, state)
    images = torch.randn(2, 3, _SIDE, _SIDE).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        expected = timm_network.to(memory_format=torch.channels_last)(images)
        got = module.to(memory_format=torch.channels_last)(images)
    assert expected.std() > 0.01
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)
    assert torch.equal(got.topk(5).indices, expected.topk(5).indices)


@pytest.mark.parametrize("model", MODELS)
def test_names_translate_both_ways(model: str) -> None:
    network = build(model)
    for name in [*network.module.state_dict(), *(name for name, _ in network.module.named_modules())]:
        assert network.module_name(network.checkpoint_name(name)) == name
