"""The networks match the published ones in names, counts and shapes, and take no memory."""

import json
import subprocess
import sys

import pytest
import timm
import torch
from torchvision.models.regnet import BlockParams

from harness.measure.conventions import counts
from harness.measure.parameters import parameter_count
from harness.measure.tracing import trace
from harness.project.references import SHIPPED
from harness.zoo.regnet import CANARY, DESIGNS, REGNETX, REGNETY, build, stages
from tests.conftest import MODELS

PUBLISHED = json.loads((SHIPPED / "regnety.json").read_text("utf-8"))["models"]


def test_families_are_the_published_ones() -> None:
    assert list(DESIGNS) == [*REGNETX, *REGNETY, *CANARY]
    assert list(REGNETY) == list(PUBLISHED) == MODELS


@pytest.mark.parametrize("model", MODELS)
def test_parameters_and_multiply_adds_match_the_published_ones(model: str) -> None:
    network = build(model)
    assert parameter_count(network) == PUBLISHED[model]["params"]
    at_224 = {count.method: count.value for count in counts(trace(network, 224, 224))}
    assert at_224["macs+bias@224x224"] == PUBLISHED[model]["flops"]


@pytest.mark.parametrize("model", MODELS)
def test_every_tensor_has_timms_name_and_shape(model: str) -> None:
    """Names translate one to one."""
    with torch.device("meta"):
        timm_state = timm.create_model(model).state_dict()
    network = build(model)
    state = {network.checkpoint_name(name): tensor for name, tensor in network.module.state_dict().items()}
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == {
        name: tuple(tensor.shape) for name, tensor in timm_state.items()
    }
    assert len(state) == len(network.module.state_dict())


@pytest.mark.parametrize("model", ["regnety_008", "regnety_040", "regnety_080"])
def test_torchvision_rounds_widths_differently(model: str) -> None:
    """The reason for `stages`: if torchvision adopts the published rule, `from_init_params` can replace it."""
    design = DESIGNS[model]
    parameters = BlockParams.from_init_params(
        design.depth, int(design.w_0), design.w_a, design.w_m, design.group_width, se_ratio=design.se_ratio
    )
    assert parameters.widths != [stage.width for stage in stages(design)]


def test_nothing_is_allocated_and_initializers_are_restored() -> None:
    assert all(tensor.is_meta for tensor in build("regnety_320").module.state_dict().values())
    assert torch.nn.Conv2d(3, 8, 3).weight.detach().abs().sum() > 0


def test_torchs_compiler_is_not_loaded_but_can_be_loaded_later() -> None:
    code = (
        "import sys\nfrom harness.zoo.regnet import build\nfrom harness.measure.tracing import trace\n"
        "trace(build('regnety_002'), 224, 224)\nassert 'torch._dynamo' not in sys.modules\n"
        "from torchvision.ops import roi_align\nimport torch\n"
        "roi_align(torch.ones(1, 1, 4, 4), torch.zeros(1, 5), 2)\n"
        "import torch._dynamo.utils\nassert torch._dynamo.utils.__file__"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
