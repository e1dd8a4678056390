"""The datasets that weights were trained on: as timm's tags abbreviate them, and as pages write them."""

import re
from collections.abc import Mapping

# By the abbreviation in timm's tags, such as `ig1b` in `fb_wsl_ig1b_ft_in1k`. 21k and 22k are both the whole ImageNet.
_BY_TOKEN: Mapping[str, str] = {
    "in1k": "ImageNet-1k",
    "in12k": "ImageNet-12k",
    "in21k": "ImageNet-21k",
    "in22k": "ImageNet-21k",
    "ig1b": "Instagram-1B",
    "seer": "Instagram-2B",
    "swag": "Instagram-3.6B",
    "jft": "JFT-300M",
    "yfcc100m": "YFCC-100M",
    "laion2b": "LAION-2B",
    "lvd142m": "LVD-142M",
    "inat21": "iNaturalist-2021",
}

# Other spellings and names on pages, in lower case and without separators.
_ALIASES: dict[str, str] = {
    "imagenet": "ImageNet-1k",
    "ilsvrc2012": "ImageNet-1k",
    "ilsvrc12": "ImageNet-1k",
    "imagenet22k": "ImageNet-21k",
    "ig940m1.5k": "Instagram-1B",
    "ig1btargeted": "Instagram-1B",
    "ig1b1.5k": "Instagram-1B",
    "ig1b": "Instagram-1B",
    "jft": "JFT-300M",
    "yfcc": "YFCC-100M",
}
# Well-known datasets that no tag names.
_OTHERS = ("CIFAR-10", "CIFAR-100", "COCO", "MNIST", "Places365")
_BY_NAME: dict[str, str] = {
    re.sub(r"[-_ ]", "", name.casefold()): name for name in (*_BY_TOKEN.values(), *_OTHERS)
} | _ALIASES


def datasets_of_tag(tag: str) -> tuple[str, ...]:
    """The datasets that a tag of timm names, in the order of training; the weights' classes are those of the last."""
    return tuple(dict.fromkeys(_BY_TOKEN[token] for token in tag.split("_") if token in _BY_TOKEN))


def dataset_named(name: str) -> str | None:
    """The dataset that a page calls `name`; None if the name is unknown or stands for several, as `Instagram` does."""
    return _BY_NAME.get(re.sub(r"[-_ ]", "", name.casefold()))


def is_instagram(name: str) -> bool:
    """Whether the name stands for images from Instagram: their several sets share names."""
    return re.match(r"(?:ig|instagram)(?![a-z])", name.casefold()) is not None
