"""timm's network with the same state is the oracle: logits agree, and key names translate both ways."""

import pytest
import timm
import torch

from harness.evaluate.run.network_loading import with_tensors
from harness.measure.tensors import tensor_faults
from harness.zoo.regnet import build
from tests.conftest import MODELS

# Odd, so that every stage rounds.
_SIDE = 97


def random_state(model: str) -> torch.nn.Module:
    """timm's network with random weights, and statistics that keep activations in bounds and no layer idle."""
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
def test_logits_are_timms(model: str) -> None:
    theirs = random_state(model)
    network = build(model)
    state = theirs.state_dict()
    assert tensor_faults(state, network) == []
    ours = with_tensors(network, state)
    images = torch.randn(2, 3, _SIDE, _SIDE).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        expected = theirs.to(memory_format=torch.channels_last)(images)
        got = ours.to(memory_format=torch.channels_last)(images)
    assert expected.std() > 0.01
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)
    assert torch.equal(got.topk(5).indices, expected.topk(5).indices)


@pytest.mark.parametrize("model", MODELS)
def test_names_translate_both_ways(model: str) -> None:
    network = build(model)
    for name in [*network.module.state_dict(), *(name for name, _ in network.module.named_modules())]:
        assert network.module_name(network.published_name(name)) == name
