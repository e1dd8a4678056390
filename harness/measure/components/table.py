"""The tags that model pages use, and what each of them names in a network.

The pages took their tags from Papers with Code's catalogue of methods.
"""

import re
from collections.abc import Sequence

from harness.measure.components.component import Component, Presence
from harness.measure.components.elements import ACTIVATIONS, LAYERS, POOLING
from harness.measure.components.structures import ATTENTION, BLOCKS, INCEPTION
from harness.measure.operations import Trace

COMPONENTS = (*LAYERS, *ACTIVATIONS, *POOLING, *ATTENTION, *BLOCKS, *INCEPTION)

# Other names of a component, as `_plain` writes them.
_ALIASES = {
    **dict.fromkeys(("batch norm", "batchnorm"), "Batch Normalization"),
    **dict.fromkeys(("layer norm", "layernorm"), "Layer Normalization"),
    **dict.fromkeys(("group norm", "groupnorm"), "Group Normalization"),
    **dict.fromkeys(("se", "squeeze excitation", "squeeze and excite"), "Squeeze-and-Excitation Block"),
    **dict.fromkeys(("eca", "efficient channel attention module"), "Efficient Channel Attention"),
    **dict.fromkeys(("h swish", "hardswish"), "Hard Swish"),
    **dict.fromkeys(("max pool", "maxpool"), "Max Pooling"),
    **dict.fromkeys(("mbconv", "inverted bottleneck"), "Inverted Residual Block"),
    **dict.fromkeys(("linear layer", "fully connected layer"), "Dense Connections"),
    **dict.fromkeys(("self attention", "multi head self attention"), "Multi-Head Attention"),
    "bottleneck": "Bottleneck Residual Block",
    "pointwise convolution": "1x1 Convolution",
    "residual connections": "Residual Connection",
    "silu": "Swish",
    "stochastic depth": "Drop Path",
}


def _plain(name: str) -> str:
    """A name without capitals, punctuation and the word block."""
    return re.sub(r"[^a-z0-9]+", " ", name.casefold()).strip().removesuffix(" block")


_BY_NAME = {_plain(component.tag): component for component in COMPONENTS}
_BY_NAME |= {alias: _BY_NAME[_plain(tag)] for alias, tag in _ALIASES.items()}


def find_component(name: str) -> Component | None:
    """The component with this name, with or without the word block; None if no definition exists."""
    return _BY_NAME.get(_plain(name))


def unlisted(trace: Trace, tags: Sequence[str]) -> tuple[str, ...]:
    """The common components in the network that are not among the tags, and that no tag includes."""
    listed = {component.tag for component in map(find_component, tags) if component}
    return tuple(
        component.tag
        for component in COMPONENTS
        if component.implied_by is not None
        and listed.isdisjoint((component.tag, *component.implied_by))
        and component.presence(trace) is Presence.SEEN
    )
