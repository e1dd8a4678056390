"""What an image goes through before the network sees it: resized, cropped, normalised."""

import math
from dataclasses import dataclass
from decimal import Decimal

# Of the pixels of ImageNet's training images, a channel each (red, green, blue), in 0 … 1.
# Source: pytorch/vision, references/classification; timm's IMAGENET_DEFAULT_MEAN and _STD are the same.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")


@dataclass(frozen=True, slots=True)
class Geometry:
    """How an image becomes a square crop: side in pixels, the crop's part of the resized short side, filter."""

    image_size: int
    crop_pct: Decimal
    interpolation: str

    @property
    def resized(self) -> int:
        """The short side, in pixels, that the image is resized to before cropping."""
        return math.floor(self.image_size / float(self.crop_pct))

    def __str__(self) -> str:
        return f"{self.image_size} crop {self.crop_pct} {self.interpolation}"


@dataclass(frozen=True, slots=True)
class Conditions:
    """A geometry, and how the crop's values become the network's input; `channels` is `RGB` or `BGR`."""

    geometry: Geometry
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    channels: str = "RGB"

    def as_json(self) -> dict[str, object]:
        """The conditions as records and evidence hold them."""
        return {
            "image_size": self.geometry.image_size,
            "crop_pct": str(self.geometry.crop_pct),
            "interpolation": self.geometry.interpolation,
            "mean": list(self.mean),
            "std": list(self.std),
            "channels": self.channels,
        }
