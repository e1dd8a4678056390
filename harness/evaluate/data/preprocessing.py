"""An encoded image to a uint8 crop, and a batch of crops to a network's input, as published evaluations do it."""

import io
import re
import warnings
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image

from harness.evaluate.data.conditions import Conditions, Geometry
from harness.zoo.torchvision_import import import_torchvision


class ImageError(Exception):
    """An image that does not decode."""


def decode(encoded: bytes) -> Image.Image:
    """The image in RGB, as PIL's `convert('RGB')` gives it: EXIF rotation is not applied. Raises ImageError."""
    try:
        with warnings.catch_warnings():
            # About metadata; the pixels are what PIL makes of them, here as in the published evaluations.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(encoded)) as image:
                return image.convert("RGB")
    except Exception as error:  # noqa: BLE001 - decoders raise what they like
        told = re.sub(r" <_io\.BytesIO object at 0x[0-9a-f]+>", "", str(error))
        raise ImageError(f"{type(error).__name__}: {told}") from None


def crop(image: Image.Image, geometry: Geometry) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """The crop of an RGB image, uint8, side×side×3 as PIL has it: the short side resized, the centre cut out.

    Raises ImageError where that takes more memory than there is.
    """
    try:
        cut = _transform(geometry)(image)
    except (MemoryError, ValueError, OverflowError) as error:
        raise ImageError(f"{image.width}×{image.height} pixels: {type(error).__name__} {error}".rstrip()) from None
    return np.asarray(cut)


@cache
def _transform(geometry: Geometry) -> Any:
    transforms = import_torchvision("transforms")
    mode = transforms.InterpolationMode(geometry.interpolation)
    resize = transforms.Resize(geometry.resized, interpolation=mode)
    return transforms.Compose([resize, transforms.CenterCrop(geometry.image_size)])


def normalise(crops: torch.Tensor, conditions: Conditions) -> torch.Tensor:
    """The network's input for a batch of uint8 crops, N×side×side×3: N×3×side×side in float32, on their device."""
    crops = crops.permute(0, 3, 1, 2)
    if conditions.channels == "BGR":
        crops = crops.flip(1)
    most, mean, std = (_constant(values, crops.device) for values in ((255.0,), conditions.mean, conditions.std))
    return crops.to(torch.float32).div_(most).sub_(mean).div_(std)


@cache
def _constant(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    """A value for all channels or for each. On a GPU dividing by a Python number is multiplying by its inverse."""
    return torch.tensor(values, dtype=torch.float32, device=device).view(-1, 1, 1)
