"""The usual reasons why an accuracy is another than declared: one condition changed at a time, or the labels."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import sqrt

from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.evaluation import Suspect
from harness.evaluate.statistics.scores import Prediction

SAMPLE = 2000
# How many of the closest are tried on all images where the sample cannot tell them apart.
FINALISTS = 3
METRICS = ("top_1", "top_5")
_Z = 1.96  # of a normal distribution, 95 % lie within so many standard deviations

_CROPS = ("0.8", "0.875", "0.9", "0.95", "1.0")
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
# As 192, 256, 288 and 320 are to 224.
_SIZES = (Decimal(6) / 7, Decimal(8) / 7, Decimal(9) / 7, Decimal(10) / 7)
_HALF, _ZERO, _ONE = (0.5, 0.5, 0.5), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Cell:
    """Conditions to try, and in which they differ from the declared ones."""

    kind: str
    value: str
    conditions: Conditions


def cells(declared: Conditions, published: Iterable[Geometry] = ()) -> tuple[Cell, ...]:
    """The conditions to try. `published` are geometries under which these weights were evaluated elsewhere."""
    known = {declared}
    found = []
    for cell in _cells(declared, published):
        if cell.conditions not in known:
            known.add(cell.conditions)
            found.append(cell)
    return tuple(found)


def _cells(declared: Conditions, published: Iterable[Geometry]) -> Iterator[Cell]:
    geometry = declared.geometry
    for crop in _CROPS:
        yield Cell("crop_pct", crop, replace(declared, geometry=replace(geometry, crop_pct=Decimal(crop))))
    for name in _INTERPOLATIONS:
        yield Cell("interpolation", name, replace(declared, geometry=replace(geometry, interpolation=name)))
    for part in _SIZES:
        size = round(geometry.image_size * part)
        yield Cell("image_size", str(size), replace(declared, geometry=replace(geometry, image_size=size)))
    for other in published:
        yield Cell("published conditions", str(other), replace(declared, geometry=other))
    yield Cell("channel order", "BGR", replace(declared, channels="BGR"))
    yield Cell("mean and std", "0.5 and 0.5", replace(declared, mean=_HALF, std=_HALF))
    yield Cell("mean and std", "0 and 1", replace(declared, mean=_ZERO, std=_ONE))


def of_conditions(cell: Cell, base: Sequence[Prediction], tried: Sequence[Prediction]) -> Suspect:
    """What a cell gives: the accuracy of `base`, moved by how the cell differs from it on the images it was tried on.

    The images of `tried` are the first of those of `base`, both in the seeded order.
    """
    sample = base[: len(tried)]
    estimates, margins = {}, {}
    for metric in METRICS:
        pairs = [(bool(getattr(a, metric)), bool(getattr(b, metric))) for a, b in zip(sample, tried, strict=True)]
        gained, lost = pairs.count((False, True)), pairs.count((True, False))
        shift = (gained - lost) / len(pairs)
        flipped = gained + lost
        left = 1 - len(pairs) / len(base)
        variance = (flipped / len(pairs) - shift**2) / len(pairs) * left
        # Where nothing flipped, up to 3 in so many images may all the same (the rule of three, 95 %).
        margin = _Z * sqrt(max(0.0, variance)) if flipped else 3 / len(pairs) * (left > 0)
        estimates[metric] = _percent(_accuracy(base, metric) + shift)
        margins[metric] = _percent(margin)
    return Suspect(cell.kind, cell.value, len(tried), estimates, margins)


def of_labels(base: Sequence[Prediction], classes: int) -> Iterator[Suspect]:
    """What other labels would have given, on the same images: numbers shifted by one, or classes exchanged."""
    for offset in (1, -1):
        relabelled = [replace(one, label=one.label + offset) for one in base]
        yield _exact("labels", f"off by {offset:+d}", relabelled)
    votes: dict[int, Counter[int]] = {}
    for one in base:
        votes.setdefault(one.label, Counter())[one.ranked[0]] += 1
    meant = {label: counted.most_common(1)[0][0] for label, counted in votes.items()}
    moved = {label: other for label, other in meant.items() if label != other}
    if moved and len(meant) == classes and len(set(meant.values())) == classes:
        relabelled = [replace(one, label=meant[one.label]) for one in base]
        told = ", ".join(f"{label} is {other}" for label, other in sorted(moved.items())[:6])
        more = f" and {len(moved) - 6} more" if len(moved) > 6 else ""
        yield _exact("label order", f"class {told}{more}", relabelled)


def _exact(kind: str, value: str, relabelled: Sequence[Prediction]) -> Suspect:
    estimates = {metric: _percent(_accuracy(relabelled, metric)) for metric in METRICS}
    return Suspect(kind, value, len(relabelled), estimates, dict.fromkeys(METRICS, Decimal(0)))


def _accuracy(predictions: Sequence[Prediction], metric: str) -> float:
    return sum(bool(getattr(one, metric)) for one in predictions) / len(predictions)


def _percent(part: float) -> Decimal:
    return round(Decimal(100 * part), 3)
