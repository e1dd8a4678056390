"""The names of a RegNet's tensors and layers: torchvision's and those in the published checkpoints."""

import re
from functools import cache

# torchvision's name, and the checkpoints' (timm's names, unchanged from 2020 to 1.0).
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
_TO_CHECKPOINT = dict(_PARTS)
_TO_MODULE = {checkpoint: module for module, checkpoint in _PARTS}

_MODULE_BLOCK = re.compile(r"trunk_output\.block(?P<stage>\d+)\.block\d+-(?P<block>\d+)(?:\.|$)")
_CHECKPOINT_BLOCK = re.compile(r"s(?P<stage>\d+)\.b(?P<block>\d+)(?:\.|$)")


@cache
def checkpoint_name(name: str) -> str:
    """The checkpoint name of a torchvision name: `trunk_output.block1.block1-0.f.a.0` → `s1.b1.conv1.conv`."""
    block = _MODULE_BLOCK.match(name)
    if block is None:
        return _translate(name, _TO_CHECKPOINT)
    part = _translate(name[block.end() :], _TO_CHECKPOINT)
    return f"s{block['stage']}.b{int(block['block']) + 1}.{part}".rstrip(".")


@cache
def module_name(name: str) -> str:
    """The torchvision name of a checkpoint name: `s1.b1.conv1.conv` → `trunk_output.block1.block1-0.f.a.0`."""
    block = _CHECKPOINT_BLOCK.match(name)
    if block is None:
        return _translate(name, _TO_MODULE)
    stage, part = block["stage"], _translate(name[block.end() :], _TO_MODULE)
    return f"trunk_output.block{stage}.block{stage}-{int(block['block']) - 1}.{part}".rstrip(".")


def _translate(name: str, parts: dict[str, str]) -> str:
    """Translate the first part of a name; a name that starts with no known part stays unchanged."""
    part = next((part for part in parts if name == part or name.startswith(f"{part}.")), None)
    return name if part is None else parts[part] + name[len(part) :]
