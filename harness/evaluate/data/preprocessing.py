"""Encoded images to uint8 crops, and crops to network input, as published evaluations do it."""

import io
import warnings
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from harness.evaluate.data.conditions import Conditions, Geometry
from harness.zoo.torchvision_import import import_torchvision

# The decoders that may run, and no other: Pillow would start Ghostscript for a PostScript file of any name.
_FORMATS = ("JPEG", "PNG", "BMP", "PPM", "WEBP", "TIFF", "GIF")
# 256 MiB in RGB, where Pillow begins to warn of decompression bombs.
_MOST_PIXELS = 2**28 // 3


class ImageError(Exception):
    """An image cannot be decoded."""


def decode(encoded: bytes) -> Image.Image:
    """The image in RGB, as PIL's `convert('RGB')` returns it: EXIF rotation is not applied.

    Raises ImageError; for an image of more than 89 million pixels, before decoding it.
    """
    try:
        with warnings.catch_warnings():
            # The warnings concern metadata; published evaluations ignore them too.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(encoded), formats=_FORMATS) as image:
                if image.width * image.height > _MOST_PIXELS:
                    found = f"{image.width}×{image.height} pixels"
                    raise ImageError(f"{found}; expected at most {_MOST_PIXELS}; resize the image")
                return image.convert("RGB")
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError(f"cannot identify image file; expected {', '.join(_FORMATS)}; convert the image") from None
    except Exception as error:  # noqa: BLE001 - decoders raise any type of exception
        raise ImageError(f"{type(error).__name__}: {error}") from None


def crop(image: Image.Image, geometry: Geometry) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """The centre crop of a resized RGB image: uint8, side×side×3.

    Raises ImageError if the resized image does not fit in memory.
    """
    try:
        cropped = _transform(geometry)(image)
    except (MemoryError, ValueError, OverflowError) as error:
        raise ImageError(f"{image.width}×{image.height} pixels: {type(error).__name__} {error}".rstrip()) from None
    return np.asarray(cropped)


@cache
def _transform(geometry: Geometry) -> Any:
    transforms = import_torchvision("transforms")
    mode = transforms.InterpolationMode(geometry.interpolation)
    resize = transforms.Resize(geometry.resized, interpolation=mode)
    return transforms.Compose([resize, transforms.CenterCrop(geometry.image_size)])


def normalise(crops: torch.Tensor, conditions: Conditions) -> torch.Tensor:
    """Network input of uint8 crops, N×side×side×3: float32, N×3×side×side, on the same device."""
    crops = crops.permute(0, 3, 1, 2)
    if conditions.channels == "BGR":
        crops = crops.flip(1)
    maximum, mean, std = (_constant(values, crops.device) for values in ((255.0,), conditions.mean, conditions.std))
    return crops.to(torch.float32).div_(maximum).sub_(mean).div_(std)


@cache
def _constant(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    """One value, or one per channel, as a tensor: a GPU divides by a Python number through its rounded inverse."""
    return torch.tensor(values, dtype=torch.float32, device=device).view(-1, 1, 1)
