"""The names of a RegNet's tensors and layers: torchvision's, and those of the published checkpoints."""

import re
from functools import cache

# In torchvision, and in the checkpoints (timm's names, unchanged from 2020 to 1.0).
_PARTS = (
    ("stem.0", "stem.conv"),
    ("stem.1", "stem.bn"),
    ("f.a.0", "conv1.conv"),
    ("f.a.1", "conv1.bn"),
    ("f.b.0", "conv2.conv"),
    ("f.b.1", "conv2.bn"),
    ("f.c.0", "conv3.conv"),
    ("f.c.1", "conv3.bn"),
    ("f.se", "se"),
    ("proj.0", "downsample.conv"),
    ("proj.1", "downsample.bn"),
    ("avgpool", "head.global_pool"),
    ("fc", "head.fc"),
)
_PUBLISHED = dict(_PARTS)
_OWN = {published: own for own, published in _PARTS}

_OWN_BLOCK = re.compile(r"trunk_output\.block(?P<stage>\d+)\.block\d+-(?P<block>\d+)(?:\.|$)")
_PUBLISHED_BLOCK = re.compile(r"s(?P<stage>\d+)\.b(?P<block>\d+)(?:\.|$)")


@cache
def published_name(name: str) -> str:
    """A torchvision name in the words of the checkpoints: `trunk_output.block1.block1-0.f.a.0` → `s1.b1.conv1.conv`."""
    block = _OWN_BLOCK.match(name)
    if block is None:
        return _translated(name, _PUBLISHED)
    part = _translated(name[block.end() :], _PUBLISHED)
    return f"s{block['stage']}.b{int(block['block']) + 1}.{part}".rstrip(".")


@cache
def module_name(name: str) -> str:
    """A name in a checkpoint in torchvision's words: `s1.b1.conv1.conv` → `trunk_output.block1.block1-0.f.a.0`."""
    block = _PUBLISHED_BLOCK.match(name)
    if block is None:
        return _translated(name, _OWN)
    stage, part = block["stage"], _translated(name[block.end() :], _OWN)
    return f"trunk_output.block{stage}.block{stage}-{int(block['block']) - 1}.{part}".rstrip(".")


def _translated(name: str, parts: dict[str, str]) -> str:
    """The name with its first part translated; a name that no part begins is left as it is."""
    part = next((part for part in parts if name == part or name.startswith(f"{part}.")), None)
    return name if part is None else parts[part] + name[len(part) :]
