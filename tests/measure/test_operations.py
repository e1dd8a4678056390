"""The shapes written down are those of a real forward pass, and the counts those of the tools they are named for."""

import pytest
import timm
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from harness.measure.components import block_widths, components
from harness.measure.conventions import counts
from harness.measure.operations import trace
from harness.zoo import Network
from harness.zoo.regnet import DESIGNS, build
from tests.conftest import MODELS


def _counts(model: str, height: int, width: int) -> dict[str, int]:
    return {count.convention.name: count.value for count in counts(trace(build(model), height, width))}


def test_shapes_are_those_of_a_real_pass() -> None:
    """Convolutions, poolings and linear layers of torch itself, on an odd-sized image, in order."""
    network = build("regnety_002").module.to_empty(device="cpu")
    seen: list[tuple[int, ...]] = []
    kinds = (torch.nn.Conv2d, torch.nn.AdaptiveAvgPool2d, torch.nn.Linear, torch.nn.BatchNorm2d)
    for module in network.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(lambda _, __, output: seen.append(tuple(output.shape)))
    with torch.inference_mode():
        network(torch.zeros(1, 3, 97, 131))
    recorded = {"convolution", "adaptive average pooling", "squeeze", "linear", "batch norm"}
    operations = trace(build("regnety_002"), 97, 131).operations
    assert [operation.output for operation in operations if operation.kind in recorded] == seen


@pytest.mark.parametrize("model", ["regnety_002", "regnety_032"])
@pytest.mark.parametrize("size", [(224, 224), (224, 285)])
def test_flop_counter(model: str, size: tuple[int, int]) -> None:
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        build(model).module(torch.empty(1, 3, *size, device="meta"))
    assert _counts(model, *size)["2*macs"] == counter.get_total_flops()


@pytest.mark.filterwarnings("ignore")
def test_fvcore_on_timms_network() -> None:
    from fvcore.nn import FlopCountAnalysis

    theirs = FlopCountAnalysis(timm.create_model("regnety_002").eval(), torch.zeros(1, 3, 224, 224))
    theirs.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    assert _counts("regnety_002", 224, 224)["fvcore"] == theirs.total()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", ["regnety_002", "regnety_032"])
def test_thop_on_timms_network(model: str) -> None:
    """What explains the page: the tool itself, at the sample photograph's size.

    timm's classifier was then of a class of its own, which thop did not know; today it is torch's.
    """
    import thop

    network, image = timm.create_model(model).eval(), torch.zeros(1, 3, 224, 285)
    theirs, _ = thop.profile(network, (image,), {torch.nn.Linear: lambda *_: None}, verbose=False)
    assert _counts(model, 224, 285)["thop"] == int(theirs)


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        ("regnety_004", "RegNet_Y_400MF_Weights"),
        ("regnety_016", "RegNet_Y_1_6GF_Weights"),
        ("regnety_320", "RegNet_Y_32GF_Weights"),
    ],
)
def test_torchvisions_metadata(model: str, weights: str) -> None:
    declared = getattr(torchvision.models, weights).IMAGENET1K_V1.meta["_ops"]
    assert _counts(model, 224, 224)["torchvision"] == round(declared * 1000) * 1_000_000


@pytest.mark.parametrize("model", MODELS)
def test_blocks_and_parts(model: str) -> None:
    design = DESIGNS[model]
    found = components(trace(build(model), 224, 224))
    assert len(block_widths(trace(build(model), 224, 224))) == design.depth
    assert found["Squeeze-and-Excitation Block"] == found["Residual Connection"] == design.depth
    assert found["Global Average Pooling"] == found["Dense Connections"] == 1
    assert "Depthwise Convolution" not in found
    assert trace(build(model), 224, 224).unread == ()


def test_a_call_without_a_rule_is_named_and_never_silently_zero() -> None:
    class Unusual(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            distances = torch.cdist(image, image)
            return torch.nn.functional.linear(distances, torch.empty(5, image.shape[2], device="meta"))

    assert trace(Network(Unusual()), 8, 8).unread == ("cdist",)
