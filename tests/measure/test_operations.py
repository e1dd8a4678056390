"""Traced shapes match a real forward pass, and counts match the tools that the conventions are named after."""

import contextlib

import pytest
import timm
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from harness.measure.components import COMPONENTS, block_widths
from harness.measure.conventions import counts
from harness.measure.tracing import trace
from harness.zoo import Network
from harness.zoo.regnet import DESIGNS, build
from tests.conftest import MODELS


def _counts(model: str, height: int, width: int) -> dict[str, int]:
    return {count.convention.name: count.value for count in counts(trace(build(model), height, width))}


def test_traced_shapes_match_a_real_pass() -> None:
    """Torch's convolutions, poolings, linear layers and batch norms, in order, on an image of odd size."""
    network = build("regnety_002").module.to_empty(device="cpu")
    shapes: list[tuple[int, ...]] = []
    kinds = (torch.nn.Conv2d, torch.nn.AdaptiveAvgPool2d, torch.nn.Linear, torch.nn.BatchNorm2d)
    for module in network.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(lambda _, __, output: shapes.append(tuple(output.shape)))
    with torch.inference_mode():
        network(torch.zeros(1, 3, 97, 131))
    kinds_traced = {"convolution", "adaptive average pooling", "squeeze", "linear", "batch norm"}
    operations = trace(build("regnety_002"), 97, 131).operations
    assert [operation.output for operation in operations if operation.kind in kinds_traced] == shapes


@pytest.mark.parametrize("model", ["regnety_002", "regnety_032"])
@pytest.mark.parametrize("size", [(224, 224), (224, 285)])
def test_flop_counter(model: str, size: tuple[int, int]) -> None:
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        build(model).module(torch.empty(1, 3, *size, device="meta"))
    assert _counts(model, *size)["2*macs"] == counter.get_total_flops()


@pytest.mark.filterwarnings("ignore")
def test_fvcore_on_timms_network() -> None:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(timm.create_model("regnety_002").eval(), torch.zeros(1, 3, 224, 224))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    assert _counts("regnety_002", 224, 224)["fvcore"] == analysis.total()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", ["regnety_002", "regnety_032"])
def test_thop_on_timms_network(model: str) -> None:
    """The convention of the page: thop itself, at the size of the sample photograph.

    timm's classifier then had a class of its own, which thop did not know; today it has torch's.
    """
    import thop

    network, image = timm.create_model(model).eval(), torch.zeros(1, 3, 224, 285)
    total, _ = thop.profile(network, (image,), {torch.nn.Linear: lambda *_: None}, verbose=False)
    assert _counts(model, 224, 285)["thop"] == int(total)


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        ("regnety_004", "RegNet_Y_400MF_Weights"),
        ("regnety_016", "RegNet_Y_1_6GF_Weights"),
        ("regnety_320", "RegNet_Y_32GF_Weights"),
    ],
)
def test_torchvision_metadata(model: str, weights: str) -> None:
    declared = getattr(torchvision.models, weights).IMAGENET1K_V1.meta["_ops"]
    assert _counts(model, 224, 224)["torchvision"] == round(declared * 1000) * 1_000_000


@pytest.mark.parametrize("model", MODELS)
def test_blocks_and_components(model: str) -> None:
    design = DESIGNS[model]
    traced = trace(build(model), 224, 224)
    found = {component.tag: component.count(traced) for component in COMPONENTS}
    assert len(block_widths(traced)) == design.depth
    assert found["Squeeze-and-Excitation Block"] == found["Residual Connection"] == design.depth
    assert found["Global Average Pooling"] == found["Dense Connections"] == 1
    assert found["Depthwise Convolution"] == 0
    assert traced.unknown_calls == ()


def test_a_call_without_a_rule_is_named() -> None:
    class Unusual(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            distances = torch.cdist(image, image)
            return torch.nn.functional.linear(distances, torch.empty(5, image.shape[2], device="meta"))

    assert trace(Network(Unusual()), 8, 8).unknown_calls == ("cdist",)


def test_operations_after_a_caught_exception_belong_to_the_right_layer() -> None:
    class Refuses(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            raise ValueError(image)

    class Falls(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.refuses = Refuses()

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            with contextlib.suppress(ValueError):
                self.refuses(image)
            return image + image

    (addition,) = trace(Network(Falls()), 8, 8).operations
    assert (addition.place.layer, addition.place.module.rpartition(".")[2]) == ("", "Falls")
