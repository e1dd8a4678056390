"""The network input equals that of timm's evaluation transform, bit for bit."""

import io
import struct
import zlib
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from timm.data import create_transform

from harness.evaluate.data.conditions import IMAGENET_MEAN, IMAGENET_STD, Conditions, Geometry
from harness.evaluate.data.preprocessing import ImageError, crop, decode, normalise

CHINA, FLOWER = (Image.fromarray(pixels) for pixels in load_sample_images().images)

CONDITIONS = [
    (224, "0.875", "bicubic"),
    (224, "0.95", "bicubic"),
    (288, "1.0", "bicubic"),
    (299, "0.875", "bilinear"),
    (160, "0.965", "lanczos"),
    (224, "0.9", "nearest"),
]


def palette(image: Image.Image) -> Image.Image:
    return image.quantize(64)


def transparent_palette(image: Image.Image) -> Image.Image:
    quantized = image.quantize(64)
    quantized.info["transparency"] = bytes(range(64))
    return quantized


def alpha(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    image.putalpha(image.getchannel("R"))
    return image


def sixteen_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 200)


def jpeg(image: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90, **options)
    return stream.getvalue()


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def rotated(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(image, exif=exif)


IMAGES = {
    "640x427": jpeg(CHINA),
    "500x375": jpeg(FLOWER.resize((500, 375))),
    "375x500": jpeg(CHINA.crop((100, 0, 420, 427)).resize((375, 500))),
    "333x499": jpeg(FLOWER.crop((33, 7, 300, 407)).resize((333, 499))),
    "smaller than the crop": jpeg(FLOWER.resize((120, 90))),
    "one pixel high": png(FLOWER.resize((40, 1))),
    "greyscale": jpeg(CHINA.convert("L")),
    "CMYK": jpeg(FLOWER.convert("CMYK")),
    "EXIF-rotated": rotated(CHINA),
    "palette": png(palette(FLOWER)),
    "transparent palette": png(transparent_palette(FLOWER)),
    "alpha": png(alpha(CHINA)),
    "16 bits": png(sixteen_bits(CHINA)),
    "two colours": png(FLOWER.convert("1")),
}


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
def test_input_equals_timms(name: str) -> None:
    for size, crop_pct, interpolation in CONDITIONS:
        expected = create_transform(
            (3, size, size), interpolation=interpolation, crop_pct=float(crop_pct), mean=IMAGENET_MEAN, std=IMAGENET_STD
        )(Image.open(io.BytesIO(IMAGES[name])).convert("RGB"))
        conditions = Conditions(Geometry(size, Decimal(crop_pct), interpolation))
        crops = torch.tensor(crop(decode(IMAGES[name]), conditions.geometry))
        assert crops.dtype == torch.uint8
        assert torch.equal(normalise(crops[None], conditions)[0], expected), (size, crop_pct, interpolation)


@pytest.mark.parametrize("data", [b"", b"text", IMAGES["640x427"][:5000], IMAGES["palette"][:-40]])
def test_undecodable_image_is_an_error(data: bytes) -> None:
    with pytest.raises(ImageError):
        decode(data)


def test_bgr_swaps_the_channels() -> None:
    geometry = Geometry(64, Decimal("0.875"), "bicubic")
    crops = torch.tensor(crop(decode(IMAGES["640x427"]), geometry))[None]
    plain, swapped = ((0.0,) * 3, (1.0,) * 3), crops.flip(3)
    assert torch.equal(
        normalise(crops, Conditions(geometry, *plain, channels="BGR")), normalise(swapped, Conditions(geometry, *plain))
    )


EPS = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 8 8
%%EndComments
showpage
%%EOF
"""


def test_a_postscript_image_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker, program = tmp_path / "ran", tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)
    with pytest.raises(ImageError, match="cannot identify image file; expected JPEG, PNG"):
        decode(EPS)
    assert not marker.exists()


def test_a_large_image_is_refused_by_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("the image was decoded"))
    header = b"IHDR" + struct.pack(">IIBBBBB", 10_000, 9_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    data += struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    with pytest.raises(ImageError, match="10000×9000 pixels; expected at most 89478485; resize the image"):
        decode(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "PPM", "WEBP", "TIFF", "GIF"])
def test_formats_of_datasets_are_decoded(kind: str) -> None:
    stream = io.BytesIO()
    FLOWER.resize((9, 7)).save(stream, kind)
    assert decode(stream.getvalue()).size == (9, 7)
