"""Components in small networks: what shows them, what proves their absence, and what leaves them open."""

import pytest
import torch
from torch import nn

from harness.measure.components import COMPONENTS, Presence, find_component
from harness.measure.tracing import trace
from harness.zoo import Network


class Gate(nn.Module):
    """Channels scaled by a gate: as one number each, or expanded to the shape of the image."""

    def __init__(self, *, expanded: bool) -> None:
        super().__init__()
        self.expanded = expanded
        self.linear = nn.Linear(3, 3)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        gate = self.linear(image.mean((2, 3))).sigmoid()[:, :, None, None]
        return image * (gate.expand_as(image) if self.expanded else gate)


class Scaled(nn.Module):
    """Channels scaled by numbers that do not depend on the image."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(1, 3, 1, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image * self.scale


class Block(nn.Module):
    """A residual block whose shortcut a layer of its own adds."""

    class Addition(nn.Module):
        def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
            return first + second

    def __init__(self, *kernels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*(nn.Conv2d(3, 3, kernel, padding=kernel // 2) for kernel in kernels))
        self.addition = self.Addition()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.addition(self.body(image), image)


class Written(nn.Module):
    """An activation that is written out."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return {
            "ReLU": lambda: image.clamp(min=0),
            "Swish": lambda: image * image.sigmoid(),
            "Max Pooling": lambda: image.unfold(2, 2, 2).amax(-1),
            "Mish": lambda: image * torch.tanh(nn.functional.softplus(image)),
            "Batch Normalization": lambda: image * torch.rsqrt(torch.ones_like(image)),
            "Tanh Activation": lambda: nn.functional.gelu(image, approximate="tanh"),
        }[self.name]()


SEEN, UNKNOWN, ABSENT = Presence.SEEN, Presence.UNKNOWN, Presence.ABSENT


@pytest.mark.parametrize(
    ("module", "tag", "presence"),
    [
        (Gate(expanded=False), "Squeeze-and-Excitation Block", SEEN),
        (Gate(expanded=True), "Squeeze-and-Excitation Block", SEEN),
        (Scaled(), "Squeeze-and-Excitation Block", UNKNOWN),
        (nn.ReLU(), "Squeeze-and-Excitation Block", ABSENT),
        (Block(1, 3, 1), "Bottleneck Residual Block", SEEN),
        (Block(3, 3), "Bottleneck Residual Block", ABSENT),
        (Block(3, 3), "Residual Block", SEEN),
        (Written("ReLU"), "ReLU", UNKNOWN),
        (Written("Swish"), "ReLU", ABSENT),
        (Written("Swish"), "Swish", SEEN),
        (Written("Mish"), "Mish", UNKNOWN),
        (nn.ReLU(), "Mish", ABSENT),
        (Written("Max Pooling"), "Max Pooling", UNKNOWN),
        (Written("Batch Normalization"), "Batch Normalization", UNKNOWN),
        (Written("Tanh Activation"), "Tanh Activation", UNKNOWN),
        (nn.GELU(), "Tanh Activation", ABSENT),
        # SqueezeNet classifies with a 1×1 convolution, and then averages.
        (nn.Sequential(nn.Conv2d(3, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()), "Dense Connections", SEEN),
        (nn.Sequential(nn.Conv2d(3, 10, 3), nn.Conv2d(10, 10, 3)), "Dense Connections", ABSENT),
        (nn.Conv2d(3, 6, 3, groups=3), "Depthwise Convolution", SEEN),
        (nn.Sequential(nn.AvgPool2d(8), nn.Flatten()), "Global Average Pooling", SEEN),
    ],
    ids=str,
)
def test_presence(module: nn.Module, tag: str, presence: Presence) -> None:
    component = find_component(tag)
    assert component is not None
    assert component.presence(trace(Network(module.to("meta").eval()), 8, 8)) is presence


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compiled_modules_prove_nothing() -> None:
    """Their operations do not reach the tracer."""
    compiled = torch.jit.script(nn.Sequential(nn.ReLU()))
    traced = trace(Network(nn.Sequential(compiled)), 8, 8)
    assert traced.unknown_calls
    assert {component.presence(traced) for component in COMPONENTS} == {UNKNOWN}


def test_names_differ_only_in_their_words() -> None:
    names = ("RELU6", "squeeze-and-excitation", "MBConv", "inverted-residual block", "Split-Attention")
    tags = ("ReLU6", "Squeeze-and-Excitation Block", "Inverted Residual Block", "Inverted Residual Block")
    assert [getattr(find_component(name), "tag", None) for name in names] == [*tags, "Split Attention"]
    assert len({component.tag for component in COMPONENTS}) == len(COMPONENTS)
    assert find_component("ReLU7") is None


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("BatchNorm", "Batch Normalization"),
        ("Layer Norm", "Layer Normalization"),
        ("SE", "Squeeze-and-Excitation Block"),
        ("h-swish", "Hard Swish"),
        ("Bottleneck", "Bottleneck Residual Block"),
        ("Residual Connections", "Residual Connection"),
    ],
)
def test_other_names_of_a_component(name: str, tag: str) -> None:
    component = find_component(name)
    assert component is not None
    assert component.tag == tag
