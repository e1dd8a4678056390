"""RegNetY (Radosavovic et al., 2020, arXiv 2003.13678): the published designs, as torchvision's RegNet."""

import importlib
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from harness.zoo.network import Family, Network, without_storage

WIDTH_STEP = 8


@dataclass(frozen=True, slots=True)
class Design:
    """A network of the design space: depth d, initial width w_0, slope w_a, width multiplier w_m, group width."""

    depth: int
    w_0: float
    w_a: float
    w_m: float
    group_width: int
    se_ratio: float = 0.25


# Source: facebookresearch/pycls@5719de641657c251f807c20a1fcf8ef6f4b60144, configs/dds_baselines/regnety/*.yaml
DESIGNS = {
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


@dataclass(frozen=True, slots=True)
class Stage:
    """Consecutive blocks of one width."""

    depth: int
    width: int
    group_width: int


def stages(design: Design) -> tuple[Stage, ...]:
    """The stages that a design quantises to, by the published rule (arXiv 2003.13678, section 3.3).

    Block j has the linear width u_j = w_0 + w_a·j, quantised to w_0·w_m^s with whole s, then to a multiple of 8.
    A stage's width is then rounded to the nearest multiple of its group width; torchvision's own
    `BlockParams.from_init_params` rounds by another rule and gives other networks for 008, 040 and 080.
    """
    widths = []
    for block in range(design.depth):
        linear = design.w_0 + design.w_a * block
        power = round(math.log(linear / design.w_0) / math.log(design.w_m))
        widths.append(round(design.w_0 * design.w_m**power / WIDTH_STEP) * WIDTH_STEP)
    return tuple(_compatible(depth, width, design) for width, depth in sorted(Counter(widths).items()))


def _compatible(depth: int, width: int, design: Design) -> Stage:
    group_width = min(design.group_width, width)
    return Stage(depth, round(width / group_width) * group_width, group_width)


def build(model: str) -> Network:
    """The network of `model`, on the `meta` device, in evaluation mode."""
    design = DESIGNS[model]
    regnet = _torchvision_regnet()
    plan = stages(design)
    parameters = regnet.BlockParams(
        depths=[stage.depth for stage in plan],
        widths=[stage.width for stage in plan],
        group_widths=[stage.group_width for stage in plan],
        bottleneck_multipliers=[1.0] * len(plan),
        strides=[2] * len(plan),
        se_ratio=design.se_ratio,
    )
    with without_storage():
        return Network(regnet.RegNet(parameters).eval(), published_name)


# torchvision's names, and those of the published checkpoints (timm's, unchanged from 2020 to 1.0).
_NAMES = (
    (r"^stem\.0", "stem.conv"),
    (r"^stem\.1", "stem.bn"),
    (r"^fc", "head.fc"),
    (r"^avgpool", "head.global_pool"),
    (r"\.f\.a\.0", ".conv1.conv"),
    (r"\.f\.a\.1", ".conv1.bn"),
    (r"\.f\.b\.0", ".conv2.conv"),
    (r"\.f\.b\.1", ".conv2.bn"),
    (r"\.f\.c\.0", ".conv3.conv"),
    (r"\.f\.c\.1", ".conv3.bn"),
    (r"\.f\.se", ".se"),
    (r"\.proj\.0", ".downsample.conv"),
    (r"\.proj\.1", ".downsample.bn"),
)
_BLOCK = re.compile(r"^trunk_output\.block(\d+)\.block\d+-(\d+)")


@cache
def published_name(name: str) -> str:
    """A torchvision name in the words of the checkpoints: `trunk_output.block1.block1-0.f.a.0` → `s1.b1.conv1.conv`."""
    name = _BLOCK.sub(lambda block: f"s{block[1]}.b{int(block[2]) + 1}", name)
    for pattern, replacement in _NAMES:
        name = re.sub(pattern, replacement, name)
    return name


FAMILY = Family("RegNetY", dict(DESIGNS), build)


def _torchvision_regnet() -> Any:
    with _dynamo_deferred():
        return importlib.import_module("torchvision.models.regnet")


@contextmanager
def _dynamo_deferred() -> Iterator[None]:
    """Import torchvision without torch's compiler, which it asks one question that no network here needs.

    `torchvision.ops.roi_align` imports `torch._dynamo.utils` at its top; that takes 1.5 s, four times as long as
    the rest of torchvision. What stands in for it loads the real one when it is called.
    """
    package, module = ModuleType("torch._dynamo"), ModuleType("torch._dynamo.utils")
    if package.__name__ in sys.modules:
        yield
        return

    def is_compile_supported(device_type: str) -> bool:
        real = importlib.import_module(module.__name__)
        return bool(real.is_compile_supported(device_type))

    vars(module)["is_compile_supported"] = is_compile_supported
    vars(package)["utils"] = module
    stand_ins = {package.__name__: package, module.__name__: module}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]
