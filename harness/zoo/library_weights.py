"""What timm and torchvision know about a weights file: whose it is, and under which conditions they evaluate it.

Weights are matched by their URL, by their file's name or by the SHA-256 digits in it; never by a model's name alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from harness.index.weights_url import weights_file
from harness.project.timm_tables import OldWeights, old_weights
from harness.zoo.torchvision_import import import_torchvision
from harness.zoo.torchvision_models import classifiers
from harness.zoo.training_datasets import datasets_of_tag

_TORCHVISION_HOST = "download.pytorch.org"
_HUB = "huggingface.co/"
# GitHub redirects the zoo's old address to the new one.
_OLD_ADDRESS, _NEW_ADDRESS = "github.com/rwightman/", "github.com/huggingface/"
_DIGITS = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class TestConditions:
    """An image size, the fraction of the resized image that is cropped to it, and the interpolation."""

    __test__ = False  # not a test case

    image_size: int
    crop_pct: Decimal
    interpolation: str

    def __str__(self) -> str:
        return f"{self.image_size} crop {self.crop_pct} {self.interpolation}"


@dataclass(frozen=True, slots=True)
class LibraryWeights:
    """A library's own configuration of a weights file.

    `name` is its name of the weights, and `models` are the names of models that load them. `datasets` are those that
    the weights were trained on, the last one last; empty if the library does not say. `accuracies` are the library's
    own on ImageNet-1k, top-1 and top-5, under the conditions.
    """

    library: str
    version: str
    name: str
    models: tuple[str, ...]
    url: str
    conditions: tuple[TestConditions, ...]
    crop_mode: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    datasets: tuple[str, ...] = ()
    accuracies: tuple[Decimal, Decimal] | None = None

    @property
    def architecture(self) -> str:
        """The library's name of the network."""
        return self.name.partition(".")[0]

    @property
    def tag(self) -> str:
        """The tag in the name; empty if the library has none."""
        return self.name.partition(".")[2]

    @property
    def file(self) -> str:
        """The file's name."""
        return _file(self.url)

    @property
    def source(self) -> str:
        """The library, its version and its name of the weights."""
        return f"{self.library} {self.version}, {self.name}"

    def match(self, url: str) -> str | None:
        """How a page's URL identifies these weights: `URL`, `SHA-256 digits`, `file name`; None if it does not."""
        if is_same_address(url, self.url):
            return "URL"
        digest, own = weights_file(url, "").digest, weights_file(self.url, "").digest
        if digest and own and (digest.startswith(own) or own.startswith(digest)):
            return "SHA-256 digits"
        # A name without digits, such as model.pth, is not one file's own.
        return "file name" if _file(url) == self.file and _DIGITS.search(self.file) else None


def is_same_address(url: str, other: str) -> bool:
    """Whether two URLs lead to one file: protocol and the zoo's former organisation do not matter."""
    return _address(url) == _address(other)


def shipped_weights(url: str) -> tuple[LibraryWeights, ...]:
    """What old releases of timm knew about the file, by a table that the harness contains."""
    return _matches(_old_releases(), url)


def timm_weights(url: str, version: str) -> tuple[LibraryWeights, ...]:
    """What the installed timm knows about the file. Imports timm, and reads all its configurations once."""
    return _matches(_installed_timm(version), url)


def torchvision_weights(url: str, version: str) -> tuple[LibraryWeights, ...]:
    """What the installed torchvision knows about the file; imports it only for files on its own server."""
    if urlsplit(url).netloc != _TORCHVISION_HOST:
        return ()
    return _matches(_installed_torchvision(version), url)


def architectures(model: str) -> frozenset[str]:
    """timm's present names of the networks that its old releases built by a model's name; empty if they had none."""
    name = model.removeprefix("timm/").partition(".")[0]
    return _architectures_by_model().get(name, frozenset())


@cache
def _architectures_by_model() -> Mapping[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in old_weights():
        found[row.model].add((row.name or row.model).partition(".")[0])
    return {model: frozenset(names) for model, names in found.items()}


_Index = Mapping[str, tuple[LibraryWeights, ...]]


def _index(weights: Iterator[LibraryWeights]) -> _Index:
    """The weights by every text that can identify them."""
    by_key: defaultdict[str, list[LibraryWeights]] = defaultdict(list)
    for item in weights:
        for key in _keys(item.url):
            by_key[key].append(item)
    return {key: tuple(items) for key, items in by_key.items()}


def _keys(url: str) -> Iterator[str]:
    yield _address(url)
    yield _file(url)
    if digest := weights_file(url, "").digest:
        yield digest[:8]


def _matches(index: _Index, url: str) -> tuple[LibraryWeights, ...]:
    found = dict.fromkeys(item for key in _keys(url) for item in index.get(key, ()))
    return tuple(item for item in found if item.match(url))


def _address(url: str) -> str:
    parts = urlsplit(url)
    address = f"{parts.netloc}{parts.path}".removeprefix("www.")
    if address.startswith(_HUB):
        # A repository on the hub has one set of weights, in files of several formats.
        return "/".join(address.split("/")[:3])
    return address.replace(_OLD_ADDRESS, _NEW_ADDRESS, 1)


def _file(url: str) -> str:
    return weights_file(url, "").name


@cache
def _old_releases() -> _Index:
    return _index(map(_from_table, old_weights()))


def _from_table(row: OldWeights) -> LibraryWeights:
    sizes = [(row.image_size, row.crop_pct), *((row.test,) if row.test else ())]
    if row.test and row.test[1] == row.crop_pct:
        # These releases had one crop for both sizes, chosen for the larger image, which they evaluated.
        del sizes[0]
    name = row.name or row.model
    return LibraryWeights(
        "timm",
        row.release,
        name,
        (row.model,),
        row.url,
        tuple(TestConditions(size, crop, row.interpolation) for size, crop in sizes),
        "center",
        row.mean,
        row.std,
        datasets_of_tag(name.partition(".")[2]),
    )


@cache
def _installed_timm(version: str) -> _Index:
    import timm

    names = timm.list_pretrained()
    return _index(item for name in names for item in _from_timm(name, timm.get_pretrained_cfg(name), version))


def _from_timm(name: str, config: Any, version: str) -> Iterator[LibraryWeights]:
    """The weights at their URL, in their repository on the hub, or both."""
    addresses = (config.url, config.hf_hub_id and f"https://{_HUB}{config.hf_hub_id}")
    crop, test_crop = (Decimal(str(value)) for value in (config.crop_pct, config.test_crop_pct or config.crop_pct))
    sizes = ((config.input_size, crop), (config.test_input_size or config.input_size, test_crop))
    conditions = (TestConditions(size[1], fraction, config.interpolation) for size, fraction in sizes)
    described = (
        tuple(dict.fromkeys(conditions)),
        config.crop_mode,
        tuple(config.mean),
        tuple(config.std),
        datasets_of_tag(config.tag or ""),
    )
    for address in filter(None, addresses):
        yield LibraryWeights("timm", version, name, (name, name.partition(".")[0]), address, *described)


@cache
def _installed_torchvision(version: str) -> _Index:
    models = import_torchvision("models")
    return _index(
        _from_torchvision(name, weights, version)
        for name in classifiers()
        for weights in models.get_model_weights(name)
    )


def _from_torchvision(name: str, weights: Any, version: str) -> LibraryWeights:
    transforms = weights.transforms()
    (crop,), (resized,) = transforms.crop_size, transforms.resize_size
    pretrained = ("Instagram-3.6B",) if "SWAG" in weights.name else ()
    accuracies = weights.meta["_metrics"]["ImageNet-1K"]
    return LibraryWeights(
        "torchvision",
        version,
        f"{name}.{weights.name}",
        (name, f"{name}.{weights.name}"),
        weights.url,
        (TestConditions(crop, Decimal(crop) / resized, transforms.interpolation.value),),
        "center",
        tuple(transforms.mean),
        tuple(transforms.std),
        (*pretrained, "ImageNet-1k"),
        (Decimal(str(accuracies["acc@1"])), Decimal(str(accuracies["acc@5"]))),
    )
