"""RegNetX and RegNetY (Radosavovic et al., 2020, arXiv 2003.13678): the published designs, from torchvision."""

import math
from collections import Counter
from dataclasses import dataclass

from harness.zoo.network import Network, build_on_meta
from harness.zoo.regnet_names import checkpoint_name, module_name
from harness.zoo.torchvision_import import import_torchvision

WIDTH_STEP = 8
BUILDER = "torchvision's RegNet, from the published design"


@dataclass(frozen=True, slots=True)
class Design:
    """A network of the design space: depth d, initial width w_0, slope w_a, width multiplier w_m, group width.

    RegNetY has squeeze-and-excitation blocks; RegNetX has none (`se_ratio` is None).
    """

    depth: int
    w_0: float
    w_a: float
    w_m: float
    group_width: int
    se_ratio: float | None = 0.25
    classes: int = 1000


# Source of both tables: facebookresearch/pycls@5719de641657c251f807c20a1fcf8ef6f4b60144, configs/dds_baselines/.
REGNETX = {
    "regnetx_002": Design(13, 24, 36.44, 2.49, 8, None),
    "regnetx_004": Design(22, 24, 24.48, 2.54, 16, None),
    "regnetx_006": Design(16, 48, 36.97, 2.24, 24, None),
    "regnetx_008": Design(16, 56, 35.73, 2.28, 16, None),
    "regnetx_016": Design(18, 80, 34.01, 2.25, 24, None),
    "regnetx_032": Design(25, 88, 26.31, 2.25, 48, None),
    "regnetx_040": Design(23, 96, 38.65, 2.43, 40, None),
    "regnetx_064": Design(17, 184, 60.83, 2.07, 56, None),
    "regnetx_080": Design(23, 80, 49.56, 2.88, 120, None),
    "regnetx_120": Design(19, 168, 73.36, 2.37, 112, None),
    "regnetx_160": Design(22, 216, 55.59, 2.1, 128, None),
    "regnetx_320": Design(23, 320, 69.86, 2.0, 168, None),
}
REGNETY = {
    "regnety_002": Design(13, 24, 36.44, 2.49, 8),
    "regnety_004": Design(16, 48, 27.89, 2.09, 8),
    "regnety_006": Design(15, 48, 32.54, 2.32, 16),
    "regnety_008": Design(14, 56, 38.84, 2.4, 16),
    "regnety_016": Design(27, 48, 20.71, 2.65, 24),
    "regnety_032": Design(21, 80, 42.63, 2.66, 24),
    "regnety_040": Design(22, 96, 31.41, 2.24, 64),
    "regnety_064": Design(25, 112, 33.22, 2.27, 72),
    "regnety_080": Design(17, 192, 76.82, 2.19, 56),
    "regnety_120": Design(19, 168, 73.36, 2.37, 112),
    "regnety_160": Design(18, 200, 106.23, 2.48, 112),
    "regnety_320": Design(20, 232, 115.89, 2.53, 232),
}

# This project's own: the smallest network of the design space that classifies digits (modelindex/canary).
CANARY = {"regnety_canary": Design(12, 8, 5, 2, 8, classes=10)}


@dataclass(frozen=True, slots=True)
class Stage:
    """Consecutive blocks of the same width."""

    depth: int
    width: int
    group_width: int


def stages(design: Design) -> tuple[Stage, ...]:
    """The stages of a design, quantized by the published rule (arXiv 2003.13678, section 3.3).

    Block j has the linear width u_j = w_0 + w_a·j, quantized to w_0·w_m^s with integer s, then to a multiple of 8.
    A stage's width is then rounded to the nearest multiple of its group width. torchvision's own
    `BlockParams.from_init_params` uses another rounding rule and gives other networks for 008, 040 and 080.
    """
    widths = []
    for block in range(design.depth):
        linear = design.w_0 + design.w_a * block
        power = round(math.log(linear / design.w_0) / math.log(design.w_m))
        widths.append(round(design.w_0 * design.w_m**power / WIDTH_STEP) * WIDTH_STEP)
    quantized = []
    for width, depth in sorted(Counter(widths).items()):
        group_width = min(design.group_width, width)
        quantized.append(Stage(depth, round(width / group_width) * group_width, group_width))
    return tuple(quantized)


DESIGNS = REGNETX | REGNETY | CANARY


def knows(model: str) -> bool:
    """Whether the model is one of the published designs."""
    return model in DESIGNS


def build(model: str) -> Network:
    """The network of `model`, on the `meta` device, in evaluation mode."""
    design = DESIGNS[model]
    regnet = import_torchvision("models.regnet")
    quantized = stages(design)
    parameters = regnet.BlockParams(
        depths=[stage.depth for stage in quantized],
        widths=[stage.width for stage in quantized],
        group_widths=[stage.group_width for stage in quantized],
        bottleneck_multipliers=[1.0] * len(quantized),
        strides=[2] * len(quantized),
        se_ratio=design.se_ratio,
    )
    module = build_on_meta(lambda: regnet.RegNet(parameters, design.classes))
    return Network(module, checkpoint_name, module_name, BUILDER)
