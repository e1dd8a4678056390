"""The module trees of earlier library versions: what a file that keeps the versions of the modules stores about them.

Today's networks have more modules than those that wrote the files: placeholders, and activations inside of batch norms.
Modules without tensors never mattered for loading, so no library kept their names.

Source: huggingface/pytorch-image-models, timm/models/{resnet,efficientnet_blocks,resnest}.py, of 2019 and 2020. Each
tree is confirmed to the byte by the declared sizes of at least two files: see tests/measure/test_serialization.py.
"""

import re
from dataclasses import dataclass

from harness.measure.serialization.state import State

_OWN_VERSION = 1  # of modules without a version of their own


@dataclass(frozen=True, slots=True)
class ModuleTree:
    """How to turn today's module names into earlier ones.

    `renamed` are patterns and their replacements, None for a module that did not exist; the first that matches counts.
    `has_placeholders` says whether `nn.Identity` modules existed. They always did in front of a shortcut's convolution.
    `has_squeeze_pools` adds the pooling layer of each squeeze-and-excitation block.
    """

    renamed: tuple[tuple[re.Pattern[str], str | None], ...] = ()
    has_placeholders: bool = False
    has_squeeze_pools: bool = False

    def versions(self, state: State) -> dict[str, int]:
        """The version of each module that the tree has, by name."""
        versions: dict[str, int] = {}
        for name, version in state.versions.items():
            earlier = self._earlier_name(name, state)
            if earlier is not None:
                versions[earlier] = version
                if self.has_squeeze_pools and earlier.endswith(".se"):
                    versions[f"{earlier}.avg_pool"] = _OWN_VERSION
        return versions

    def _earlier_name(self, name: str, state: State) -> str | None:
        for pattern, replacement in self.renamed:
            if pattern.search(name):
                return None if replacement is None else pattern.sub(replacement, name)
        is_missing = name in state.placeholders and not self.has_placeholders and "downsample" not in name
        return None if is_missing else name


def _renamed(**names: str | None) -> tuple[tuple[re.Pattern[str], str | None], ...]:
    return tuple((re.compile(_PATTERNS[key]), replacement) for key, replacement in names.items())


# Modules of today's networks.
_PATTERNS = {
    "flatten": r"^global_pool\.flatten$",
    "pool": r"^global_pool\.pool$",
    "global_pool": r"^global_pool$",
    "norm_act": r"\bbn(\d+)\.act$",
    "last_norm_act": r"\bbn3\.act$",
    "squeeze_act": r"\.se\.act1$",
    "squeeze_gate": r"\.se\.gate$",
    "resnet_squeeze_act": r"^(layer.*\.se)\.act$",
    "resnet_squeeze_gate": r"^(layer.*\.se)\.gate$",
    "resnet_first_act": r"^(layer\d+\.\d+)\.act1$",
    "resnet_other_acts": r"^(layer\d+\.\d+)\.act[23]$",
}

TODAYS_TREE = ModuleTree(has_placeholders=True)

# Activations were functions in EfficientNets, and one shared module in each block of a ResNet.
_FUNCTIONS = _renamed(
    flatten=None,
    norm_act=None,
    squeeze_act=None,
    resnet_squeeze_act=r"\1.relu",
    resnet_squeeze_gate=r"\1.sigmoid",
    squeeze_gate=None,
    resnet_first_act=r"\1.relu",
    resnet_other_acts=None,
)
TIMM_2019_TREE = ModuleTree(_FUNCTIONS)
TORCHVISION_TREE = ModuleTree((*_renamed(pool=None, global_pool="avgpool"), *_FUNCTIONS))

# Activations are modules beside the batch norms.
_MODULES = _renamed(flatten=None, last_norm_act=None, norm_act=r"act\1", squeeze_gate=None)
TIMM_2020_TREE = ModuleTree(_MODULES)
TIMM_2020_POOLED_TREE = ModuleTree(_MODULES, has_squeeze_pools=True)
