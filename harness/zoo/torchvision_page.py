"""What torchvision says of its own weights, written down as a page with a model-index."""

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from fnmatch import fnmatchcase
from math import isnan
from typing import Any

from harness.zoo.torchvision_import import import_torchvision

_FOUR_PLACES = Decimal("0.0001")
# Its counts are multiply-adds in thousand millions, its sizes in 2^20 bytes, both to three places; source:
# pytorch/vision v0.20.0, docs/source/conf.py, which prints them as GFLOPS and MB.
_MODEL = """\
- Name: {name}
  Metadata:
    Library: torchvision
    Parameters: {parameters}
    FLOPs: {operations:.3f} G
    File Size: {size:.3f} MiB
    Image Size: {crop}
    Crop Pct: {part}
    Interpolation: {interpolation}
    Recipe: {recipe}
  Weights: {weights}
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
    """A page in YAML of all weights of the models whose names match; None where none does."""
    models = import_torchvision("models")
    names = [name for name in models.list_models(module=models) if fnmatchcase(name, pattern)]
    entries = [entry for name in names for entry in _entries(name, models.get_model_weights(name))]
    return "Models:\n" + "".join(entries) if entries else None


def _entries(model: str, known: Any) -> Iterator[str]:
    for weights in known:
        said, transforms = weights.meta, weights.transforms()
        (crop,), (resized,) = transforms.crop_size, transforms.resize_size
        entry = _MODEL.format(
            name=f"{model}.{weights.name}",
            parameters=said["num_params"],
            operations=said["_ops"],
            size=said["_file_size"],
            crop=crop,
            # Rounded down, so that the size divided by it is the size resized to, and a little more.
            part=(Decimal(crop) / resized).quantize(_FOUR_PLACES, ROUND_DOWN).normalize(),
            interpolation=transforms.interpolation.value,
            recipe=said["recipe"],
            weights=weights.url,
        )
        accuracy = said["_metrics"]["ImageNet-1K"]
        # Weights whose last layers mean nothing, as they are of a network that detects, have no accuracy.
        results = _RESULTS.format(top_1=accuracy["acc@1"], top_5=accuracy["acc@5"])
        yield entry if isnan(accuracy["acc@1"]) else entry + results
