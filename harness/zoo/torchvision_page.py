"""torchvision's metadata of its own weights, as a YAML page with a model-index."""

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from fnmatch import fnmatchcase
from math import isnan
from typing import Any

from harness.zoo.torchvision_import import import_torchvision
from harness.zoo.torchvision_models import classifiers, other_models

_FOUR_DECIMALS = Decimal("0.0001")
# torchvision counts multiply-adds in units of 10^9 and bytes in units of 2^20, both to three decimals. Source:
# pytorch/vision v0.20.0, docs/source/conf.py, which prints them as GFLOPS and MB.
_MODEL = """\
- Name: {name}
  Metadata:
    Library: torchvision
    Parameters: {parameters}
    FLOPs: {operations:.3f} G
    File Size: {size:.3f} MiB
    Recipe: {recipe}
"""
_PREPROCESSING = """\
    Image Size: {crop}
    Crop Pct: {crop_fraction}
    Interpolation: {interpolation}
"""
_RESULTS = """\
  Results:
  - Task: Image Classification
    Dataset: ImageNet-1K
    Metrics:
      Top 1 Accuracy: {top_1:.3f}%
      Top 5 Accuracy: {top_5:.3f}%
"""


def page_text(pattern: str) -> str | None:
    """A page of all weights of the models whose names match; None if no name matches.

    Models that are not image classifiers are included only if no classifier matches: their claims cannot be checked.
    """
    get_weights = import_torchvision("models").get_model_weights
    names = _matching(classifiers(), pattern)
    entries = [_classifier(name, weights) for name in names for weights in get_weights(name)]
    if not entries:
        names = _matching(other_models(), pattern)
        entries = [_metadata(name, weights) + _url(weights) for name in names for weights in get_weights(name)]
    return "Models:\n" + "".join(entries) if entries else None


def _matching(names: Iterable[str], pattern: str) -> list[str]:
    return [name for name in names if fnmatchcase(name, pattern)]


def _classifier(name: str, weights: Any) -> str:
    transforms = weights.transforms()
    (crop,), (resized,) = transforms.crop_size, transforms.resize_size
    # Rounded down, so that the crop divided by the fraction is at least the resized size.
    fraction = (Decimal(crop) / resized).quantize(_FOUR_DECIMALS, ROUND_DOWN).normalize()
    preprocessing = _PREPROCESSING.format(
        crop=crop, crop_fraction=fraction, interpolation=transforms.interpolation.value
    )
    accuracy = weights.meta["_metrics"]["ImageNet-1K"]
    # Weights for object detection have untrained last layers, and NaN as accuracy.
    results = "" if isnan(accuracy["acc@1"]) else _RESULTS.format(top_1=accuracy["acc@1"], top_5=accuracy["acc@5"])
    return _metadata(name, weights) + preprocessing + _url(weights) + results


def _metadata(name: str, weights: Any) -> str:
    meta = weights.meta
    return _MODEL.format(
        name=f"{name}.{weights.name}",
        parameters=meta["num_params"],
        operations=meta["_ops"],
        size=meta["_file_size"],
        recipe=meta["recipe"],
    )


def _url(weights: Any) -> str:
    return f"  Weights: {weights.url}\n"
