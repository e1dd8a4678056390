"""Two tables of timm's own figures, shipped with the references: published evaluations, and weights of old releases.

The sources are in `modelindex/references/timm.json`. The tables are read when a check first asks for them.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from harness.project.references import SHIPPED


@dataclass(frozen=True, slots=True)
class PublishedEvaluation:
    """An evaluation on ImageNet-1k's validation images; `name` is timm's name of the weights, with their tag."""

    name: str
    image_size: int
    crop_pct: Decimal
    interpolation: str
    top_1: Decimal
    top_5: Decimal
    dataset: str = "ImageNet-1k"


@dataclass(frozen=True, slots=True)
class OldWeights:
    """What an old release of timm knew about a weights file.

    `model` is the name that loaded it, `name` that of the same weights today; None if timm has them no longer.
    `test` is the larger image and its crop that the release recommended for tests.
    """

    url: str
    model: str
    release: str
    name: str | None
    image_size: int
    crop_pct: Decimal
    test: tuple[int, Decimal] | None
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


@cache
def timm_evaluations() -> Mapping[str, tuple[PublishedEvaluation, ...]]:
    """All evaluations by timm's name of the weights."""
    found: defaultdict[str, list[PublishedEvaluation]] = defaultdict(list)
    for row in _rows("timm-results-imagenet.csv"):
        found[row["model"]].append(
            PublishedEvaluation(
                row["model"],
                int(row["img_size"]),
                Decimal(row["crop_pct"]),
                row["interpolation"],
                Decimal(row["top1"]),
                Decimal(row["top5"]),
            )
        )
    return {name: tuple(evaluations) for name, evaluations in found.items()}


@cache
def old_weights() -> tuple[OldWeights, ...]:
    """All weights files of the old releases."""
    return tuple(map(_old_weights, _rows("timm-weights.csv")))


def _old_weights(row: Mapping[str, str]) -> OldWeights:
    size, crop = int(row["image_size"]), Decimal(row["crop_pct"])
    test_size, test_crop = row["test_image_size"], row["test_crop_pct"]
    return OldWeights(
        row["url"],
        row["model"],
        row["release"],
        row["name"] or None,
        size,
        crop,
        (int(test_size or size), Decimal(test_crop or crop)) if test_size or test_crop else None,
        row["interpolation"],
        tuple(map(float, row["mean"].split())),
        tuple(map(float, row["std"].split())),
    )


def _rows(file: str) -> Iterator[dict[str, str]]:
    with (SHIPPED / file).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
