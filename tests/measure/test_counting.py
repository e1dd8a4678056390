"""Counts of every layer kind, compared with torch's counter, with thop, fvcore and mmcv, and with manual counts."""

import pytest
import timm
import torch
import torchvision
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from timm.layers import CondConv2d, Conv2dSame, ScaledStdConv2dSame, StdConv2d
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from harness.measure.conventions import CONVENTIONS, RARE_CONVENTIONS, counts
from harness.measure.count_bounds import highest_count, lowest_count
from harness.measure.operations import ForwardError, Trace
from harness.measure.output_shapes import output_shape
from harness.measure.parameters import parameter_count
from harness.measure.tracing import trace
from harness.zoo import Network
from harness.zoo.network import build_on_meta

SIDE = 16


class Calls(nn.Module):
    """Calls a function on the image and weights of the given shapes."""

    def __init__(self, function, *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.function = function
        self.weights = nn.ParameterList([torch.empty(shape) for shape in shapes])

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.function(image, *self.weights)


class Attends(nn.Module):
    """torch's attention layer, over the rows of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(SIDE, 4, batch_first=True)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        rows = image.flatten(1, 2)
        return self.attention(rows, rows, rows)[0]


class Twice(nn.Module):
    """One layer used twice under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.second = self.first

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(image))


class Experts(nn.Module):
    """A convolution whose kernel is a mixture of two."""

    def __init__(self) -> None:
        super().__init__()
        self.mixture = CondConv2d(3, 4, 3, num_experts=2)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.mixture(image, torch.empty(1, 2, device="meta"))


PIXELS = SIDE * SIDE

# Modules and their multiply-adds for 3×16×16, computed by hand.
BY_HAND = {
    "grouped": (lambda: nn.Conv2d(3, 6, 3, padding=1, groups=3), PIXELS * 6 * 9),
    "strided, dilated": (lambda: nn.Conv2d(3, 4, 3, stride=2, dilation=2), 6 * 6 * 4 * 27),
    "same": (lambda: nn.Conv2d(3, 4, 4, padding="same"), PIXELS * 4 * 48),
    "same, by a subclass": (lambda: Conv2dSame(3, 4, 3, stride=2), 8 * 8 * 4 * 27),
    "weight-standardised": (lambda: StdConv2d(3, 4, 3), PIXELS * 4 * 27),
    "weight-standardised, same": (lambda: ScaledStdConv2dSame(3, 4, 3, stride=2, padding="same"), 8 * 8 * 4 * 27),
    "transposed": (lambda: nn.ConvTranspose2d(3, 4, 3, stride=2), PIXELS * 3 * 4 * 9),
    "transposed, grouped": (lambda: nn.ConvTranspose2d(3, 6, 2, stride=2, groups=3), PIXELS * 3 * 2 * 4),
    "1d": (lambda: nn.Sequential(nn.Flatten(2), nn.Conv1d(3, 5, 3)), (PIXELS - 2) * 5 * 9),
    "3d": (lambda: nn.Sequential(nn.Unflatten(1, (3, 1)), nn.Conv3d(3, 2, (1, 3, 3))), 14 * 14 * 2 * 27),
    "linear on any rank": (lambda: nn.Linear(SIDE, 7), 3 * SIDE * 7 * SIDE),
    "used twice": (Twice, 2 * PIXELS * 3 * 27),
    "by name": (
        lambda: Calls(lambda x, w: functional.conv2d(input=x, weight=w, groups=3), (3, 1, 3, 3)),
        14 * 14 * 3 * 9,
    ),
    "matrix product": (lambda: Calls(lambda x, w: x @ w, (SIDE, 5)), 3 * SIDE * 5 * SIDE),
    "reflected": (lambda: Calls(lambda x, w: w.__rmatmul__(x), (SIDE, 5)), 3 * SIDE * 5 * SIDE),
    "with a sum": (
        lambda: Calls(lambda x, b, w: torch.baddbmm(b, x[0], w), (3, SIDE, 5), (3, SIDE, 5)),
        3 * SIDE * 5 * SIDE,
    ),
    "einsum": (lambda: Calls(lambda x, w: torch.einsum("bchw,cd->bdhw", x, w), (3, 5)), PIXELS * 5 * 3),
    "einsum without a sum": (lambda: Calls(lambda x, w: torch.einsum("bchw,c->bchw", x, w), (3,)), 0),
    "fused attention": (
        lambda: Calls(lambda x: functional.scaled_dot_product_attention(x, x, x)),
        3 * 2 * SIDE * SIDE * SIDE,
    ),
    "attention layer": (Attends, 4 * 48 * SIDE * SIDE + 2 * 48 * 48 * SIDE),
    "expert kernels": (Experts, PIXELS * 4 * 27 + 2 * 4 * 27),
    "recurrence": (
        lambda: nn.Sequential(nn.Flatten(1, 2), nn.LSTM(SIDE, 4, batch_first=True)),
        48 * 4 * 4 * (SIDE + 4),
    ),
    "pooling, norms, activations": (
        lambda: nn.Sequential(
            nn.GroupNorm(3, 3), nn.InstanceNorm2d(3), nn.AvgPool2d(2), nn.MaxPool2d(2), nn.GELU(), nn.Softmax(-1)
        ),
        0,
    ),
}


def network_of(make) -> Network:
    return Network(build_on_meta(make))


def multiply_adds(read: Trace) -> int:
    assert read.unknown_calls == ()
    return sum(operation.macs for operation in read.operations)


@pytest.mark.parametrize("case", BY_HAND)
def test_by_hand(case: str) -> None:
    make, expected = BY_HAND[case]
    assert multiply_adds(trace(network_of(make), SIDE, SIDE)) == expected


@pytest.mark.parametrize("model", timm.list_models("test_*"))
def test_whole_networks_match_torchs_counter(model: str) -> None:
    """timm's test networks: convolutional, normalizer-free, transformers and hybrids."""
    network = network_of(lambda: timm.create_model(model))
    side = network.module.default_cfg["input_size"][1]
    read = trace(network, side, side)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        output = network.module.requires_grad_(False)(torch.empty(1, 3, side, side, device="meta"))
    assert 2 * multiply_adds(read) == counter.get_total_flops() > 0
    assert read.output == output.shape


def counts_by_name(network: Network, height: int, width: int) -> dict[str, int]:
    every = counts(trace(network, height, width), (*CONVENTIONS, *RARE_CONVENTIONS))
    return {count.convention.name: count.value for count in every}


class Plain(nn.Module):
    """Torch's layers that thop, fvcore and mmcv count differently, and one subclass."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU6(), nn.AvgPool2d(2),
            Conv2dSame(8, 8, 3, groups=8), nn.BatchNorm2d(8, affine=False), nn.ReLU(), nn.ConvTranspose2d(8, 4, 2, 2),
            nn.GroupNorm(2, 4), nn.Upsample(scale_factor=2, mode="bilinear"), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(2),
            nn.Flatten(), nn.Linear(16, 5),
        )  # fmt: skip

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layers(image)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [Plain, torchvision.models.vgg11_bn])
def test_thop_on_torchs_layers(make) -> None:
    import thop

    network = network_of(make)
    total, _ = thop.profile(network.module, (torch.empty(1, 3, 64, 64, device="meta"),), verbose=False)
    assert counts_by_name(network, 64, 64)["thop+bn+linear"] == int(total)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", ["skresnet18", "test_efficientnet", "densenet121"])
def test_thop_on_timms_layers(model: str) -> None:
    """The convention of the pages: thop did not know the class that timm's linear layers had then."""
    import thop

    network = network_of(lambda: timm.create_model(model))
    image = torch.empty(1, 3, 64, 81, device="meta")
    total, _ = thop.profile(network.module, (image,), {nn.Linear: lambda *_: None}, verbose=False)
    assert counts_by_name(network, 64, 81)["thop+torch-bn"] == int(total)


class Even(nn.Module):
    """Takes only images with even sides."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2), nn.Conv2d(12, 4, 1), nn.LeakyReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(4, 6), nn.Linear(6, 5),
        )  # fmt: skip

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layers(image)


EVEN_CONVOLUTION, EVEN_LEAKY, EVEN_POOLING, EVEN_LINEAR = 64 * 4 * 13, 64 * 4, 65 * 4, 4 * 6


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("failures", [0, 1, 2, 3])
def test_thop_counts_once_more_after_each_failed_pass(failures: int) -> None:
    import thop

    network = network_of(Even)
    for _ in range(failures):
        with pytest.raises(RuntimeError):
            thop.profile(network.module, (torch.empty(1, 3, 15, 15, device="meta"),), verbose=False)
    total, _ = thop.profile(network.module, (torch.empty(1, 3, 16, 16, device="meta"),), verbose=False)
    counted = counts_by_name(network_of(Even), 16, 16)
    times = f"{failures + 1}*" if failures else ""
    once = EVEN_CONVOLUTION + EVEN_POOLING + EVEN_LINEAR
    assert counted[f"{times}thop"] == (failures + 1) * once
    assert counted[f"{times}thop+bn+linear"] + (failures + 1) * EVEN_LEAKY == int(total)
    assert counted["thop+leaky-relu"] == once + EVEN_LEAKY


def test_thop_takes_no_standardised_kernel_for_a_batch_norm() -> None:
    network = network_of(lambda: nn.Sequential(StdConv2d(3, 4, 3), nn.BatchNorm2d(4)))
    assert counts_by_name(network, 16, 16)["thop+bn"] == 2 * 4 * PIXELS


def test_bounds_by_hand() -> None:
    network = network_of(lambda: nn.Sequential(nn.Conv2d(3, 64, 3, bias=False), nn.GELU(), Conv2dSame(64, 2, 1)))
    small, large = trace(network, 34, 34), trace(network, 66, 66)
    lowest = lowest_count([small, large])
    # thop leaves out the subclass.
    assert (lowest.value, lowest.method) == (32 * 32 * 64 * 27, "thop@34x34")
    assert highest_count([small, large]) == 64 * 64 * (4 * (64 * 27 + 2 * 65) + 11 * 2 * 64)
    assert highest_count([trace(network_of(lambda: Calls(torch.special.erfcx)), 16, 16)]) is None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [Plain, lambda: timm.create_model("test_vit3")])
def test_fvcore(make) -> None:
    from fvcore.nn import FlopCountAnalysis

    network = network_of(make)
    side = 64 if make is Plain else 160
    analysis = FlopCountAnalysis(network.module.to_empty(device="cpu"), torch.zeros(1, 3, side, side))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    assert counts_by_name(network_of(make), side, side)["fvcore"] == analysis.total()


def test_mmcv_by_hand() -> None:
    """mmcv's rules, written out for each layer: mmcv itself is not available for every Python version."""
    counted = counts_by_name(network_of(Plain), SIDE, SIDE)["mmcv"]
    first = 8 * PIXELS
    half = 8 * 8 * 8
    small = 4 * PIXELS
    layers = [first * (27 + 1), 2 * first, first, first, half * (9 + 1), half, half, half * 4 * 4 + small, 2 * small]
    assert counted == sum(layers) + 4 * small + 4 * small + small + 16 * 5


def test_parameters_of_a_layer_used_twice_count_once() -> None:
    assert parameter_count(network_of(Twice)) == 3 * 27 + 3


def test_forward_error_has_the_networks_own_message() -> None:
    class Picky(nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return image + torch.empty(3, 5, device="meta")

    with pytest.raises(ForwardError, match=r"size|length|broadcast"):
        trace(Network(Picky()), 8, 8)


_SIZES = st.integers(1, 4)


@settings(max_examples=60, phases=[Phase.generate], deadline=None)
@given(st.tuples(st.integers(1, 9), st.integers(1, 9), _SIZES, _SIZES, st.integers(0, 3), _SIZES, _SIZES))
def test_convolution_shapes_match_torch(numbers) -> None:
    *sides, kernel, step, pad, dilation, groups = numbers
    data, weight = torch.empty(1, 2 * groups, *sides), torch.empty(3 * groups, 2, kernel, kernel)
    answer = output_shape("conv2d", (data, weight, None, step, pad, dilation), {"groups": groups})
    try:
        expected = tuple(functional.conv2d(data, weight, None, step, pad, dilation, groups).shape)
    except RuntimeError:
        expected = None
    assert answer == expected


@settings(max_examples=60, phases=[Phase.generate], deadline=None)
@given(st.lists(st.lists(st.integers(1, 3), max_size=4), min_size=1, max_size=3))
def test_broadcast_shapes_match_torch(shapes) -> None:
    answer = output_shape("add", tuple(torch.empty(shape) for shape in shapes), {})
    try:
        expected = tuple(torch.broadcast_shapes(*shapes))
    except RuntimeError:
        expected = None
    assert answer == expected
