"""Building blocks of networks, under the names that model pages use."""

from harness.measure.components.blocks import block_widths, bottleneck_ratios
from harness.measure.components.component import Component, Presence
from harness.measure.components.table import COMPONENTS, find_component, unlisted

__all__ = [
    "COMPONENTS",
    "Component",
    "Presence",
    "block_widths",
    "bottleneck_ratios",
    "find_component",
    "unlisted",
]
