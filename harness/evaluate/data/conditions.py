"""Evaluation conditions: how an image is resized, cropped and normalised before it reaches the network."""

import math
from dataclasses import asdict, dataclass
from decimal import Decimal

# Per channel (red, green, blue) over ImageNet's training images, on a scale of 0 to 1.
# Source: pytorch/vision, references/classification; timm's IMAGENET_DEFAULT_MEAN and _STD are the same.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")


@dataclass(frozen=True, slots=True)
class Geometry:
    """A square centre crop: its side in pixels, its fraction of the resized short side, and the resizing filter."""

    image_size: int
    crop_pct: Decimal
    interpolation: str

    @property
    def resized(self) -> int:
        """The image's short side, in pixels, after resizing and before cropping."""
        return math.floor(self.image_size / float(self.crop_pct))

    def __str__(self) -> str:
        return f"{self.image_size} crop {self.crop_pct} {self.interpolation}"


@dataclass(frozen=True, slots=True)
class Conditions:
    """A geometry and the normalisation of the crop; `channels` is `RGB` or `BGR`."""

    geometry: Geometry
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    channels: str = "RGB"

    def as_json(self) -> dict[str, object]:
        """The conditions as stored in records and evidence."""
        geometry = asdict(self.geometry) | {"crop_pct": str(self.geometry.crop_pct)}
        return geometry | {"mean": list(self.mean), "std": list(self.std), "channels": self.channels}
