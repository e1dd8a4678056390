"""The twelve networks are the published ones, by name, count and shape, and take no memory."""

import json
import subprocess
import sys

import pytest
import timm
import torch
from torchvision.models.regnet import BlockParams

from harness.measure.conventions import counts
from harness.measure.operations import trace
from harness.measure.parameters import parameter_count
from harness.project.references import SHIPPED
from harness.zoo.regnet import CANARY, DESIGNS, REGNETX, REGNETY, build, stages
from tests.conftest import MODELS

PUBLISHED = json.loads((SHIPPED / "regnety.json").read_text("utf-8"))["models"]


def test_the_families_are_the_published_ones() -> None:
    assert list(DESIGNS) == [*REGNETX, *REGNETY, *CANARY]
    assert list(REGNETY) == list(PUBLISHED) == MODELS


@pytest.mark.parametrize("model", MODELS)
def test_parameters_and_multiply_adds_are_the_published_ones(model: str) -> None:
    network = build(model)
    assert parameter_count(network) == PUBLISHED[model]["params"]
    at_224 = {count.method: count.value for count in counts(trace(network, 224, 224))}
    assert at_224["macs+bias@224x224"] == PUBLISHED[model]["flops"]


@pytest.mark.parametrize("model", MODELS)
def test_every_tensor_has_timms_name_and_shape(model: str) -> None:
    """timm's network is the oracle; the names translate one to one."""
    with torch.device("meta"):
        theirs = timm.create_model(model).state_dict()
    network = build(model)
    ours = {network.published_name(name): tensor for name, tensor in network.module.state_dict().items()}
    assert {name: tuple(tensor.shape) for name, tensor in ours.items()} == {
        name: tuple(tensor.shape) for name, tensor in theirs.items()
    }
    assert len(ours) == len(network.module.state_dict())


@pytest.mark.parametrize("model", ["regnety_008", "regnety_040", "regnety_080"])
def test_torchvisions_own_rounding_gives_other_networks(model: str) -> None:
    """Why the finished stages are handed over; should torchvision change, the hand-over can go."""
    design = DESIGNS[model]
    theirs = BlockParams.from_init_params(
        design.depth, int(design.w_0), design.w_a, design.w_m, design.group_width, se_ratio=design.se_ratio
    )
    assert theirs.widths != [stage.width for stage in stages(design)]


def test_nothing_is_allocated_and_initialisers_are_put_back() -> None:
    assert all(tensor.is_meta for tensor in build("regnety_320").module.state_dict().values())
    assert torch.nn.Conv2d(3, 8, 3).weight.detach().abs().sum() > 0


def test_torchs_compiler_is_not_loaded_and_can_be_afterwards() -> None:
    code = (
        "import sys\nfrom harness.zoo.regnet import build\nfrom harness.measure.operations import trace\n"
        "trace(build('regnety_002'), 224, 224)\nassert 'torch._dynamo' not in sys.modules\n"
        "from torchvision.ops import roi_align\nimport torch\n"
        "roi_align(torch.ones(1, 1, 4, 4), torch.zeros(1, 5), 2)\n"
        "import torch._dynamo.utils\nassert torch._dynamo.utils.__file__"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
