"""Candidate causes of a different accuracy: one condition changed at a time, or other labels."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import sqrt

from harness.evaluate.data.conditions import Conditions, Geometry
from harness.evaluate.evaluation import CandidateCause
from harness.evaluate.statistics.scores import METRICS, Prediction, count

SAMPLE_SIZE = 2000
# How many of the closest variations are evaluated on all images if the sample is too small to distinguish them.
FINALISTS = 3
_Z_95 = 1.96  # 95 % of a normal distribution is within this many standard deviations
_MAX_NAMED_CLASSES = 6

_CROPS = ("0.8", "0.875", "0.9", "0.95", "1.0")
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
# 192, 256, 288 and 320, relative to 224.
_SIZE_RATIOS = (Decimal(6) / 7, Decimal(8) / 7, Decimal(9) / 7, Decimal(10) / 7)
_HALF, _ZERO, _ONE = (0.5, 0.5, 0.5), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Variation:
    """Conditions to try, and how they differ from the declared ones."""

    kind: str
    value: str
    conditions: Conditions


def variations(declared: Conditions, published: Iterable[Geometry] = ()) -> tuple[Variation, ...]:
    """The distinct conditions to try. `published` are geometries of published evaluations of the same weights."""
    distinct: dict[Conditions, Variation] = {}
    for variation in _all_variations(declared, published):
        if variation.conditions != declared:
            distinct.setdefault(variation.conditions, variation)
    return tuple(distinct.values())


def _all_variations(declared: Conditions, published: Iterable[Geometry]) -> Iterator[Variation]:
    geometry = declared.geometry
    for crop in _CROPS:
        yield Variation("crop_pct", crop, replace(declared, geometry=replace(geometry, crop_pct=Decimal(crop))))
    for name in _INTERPOLATIONS:
        yield Variation("interpolation", name, replace(declared, geometry=replace(geometry, interpolation=name)))
    for ratio in _SIZE_RATIOS:
        size = round(geometry.image_size * ratio)
        yield Variation("image_size", str(size), replace(declared, geometry=replace(geometry, image_size=size)))
    for other in published:
        yield Variation("published conditions", str(other), replace(declared, geometry=other))
    yield Variation("channel order", "BGR", replace(declared, channels="BGR"))
    yield Variation("mean and std", "0.5 and 0.5", replace(declared, mean=_HALF, std=_HALF))
    yield Variation("mean and std", "0 and 1", replace(declared, mean=_ZERO, std=_ONE))


def estimate_under(variation: Variation, base: Sequence[Prediction], tried: Sequence[Prediction]) -> CandidateCause:
    """The accuracy under a variation: that of `base`, shifted by the paired difference on the images of `tried`.

    `tried` are predictions under the variation for the first images of `base`, in the same random order.
    """
    sample, counts = base[: len(tried)], count(base)
    estimates, margins = {}, {}
    for metric in METRICS:
        pairs = [(bool(getattr(a, metric)), bool(getattr(b, metric))) for a, b in zip(sample, tried, strict=True)]
        gained, lost = pairs.count((False, True)), pairs.count((True, False))
        shift = (gained - lost) / len(tried)
        flipped = gained + lost
        unseen = 1 - len(tried) / len(base)
        variance = (flipped / len(tried) - shift**2) / len(tried) * unseen
        # If no image flipped, up to 3 in this many may still flip (rule of three, 95 %).
        margin = _Z_95 * sqrt(max(0.0, variance)) if flipped else 3 / len(tried) * (unseen > 0)
        estimates[metric] = _percent(getattr(counts, metric) / len(base) + shift)
        margins[metric] = _percent(margin)
    return CandidateCause(variation.kind, variation.value, len(tried), estimates, margins)


def label_causes(base: Sequence[Prediction], classes: int) -> Iterator[CandidateCause]:
    """The accuracy on the same images with other labels: class indices shifted by one, or classes swapped."""
    for offset in (1, -1):
        shifted = [replace(prediction, label=prediction.label + offset) for prediction in base]
        yield _label_cause("labels", f"off by {offset:+d}", shifted)
    votes: dict[int, Counter[int]] = {}
    for prediction in base:
        votes.setdefault(prediction.label, Counter())[prediction.top_classes[0]] += 1
    predicted = {label: counter.most_common(1)[0][0] for label, counter in votes.items()}
    moved = sorted((label, other) for label, other in predicted.items() if label != other)
    if moved and len(predicted) == classes and len(set(predicted.values())) == classes:
        relabelled = [replace(prediction, label=predicted[prediction.label]) for prediction in base]
        named = ", ".join(f"{label} is {other}" for label, other in moved[:_MAX_NAMED_CLASSES])
        more = f" and {len(moved) - _MAX_NAMED_CLASSES} more" if len(moved) > _MAX_NAMED_CLASSES else ""
        yield _label_cause("label order", f"class {named}{more}", relabelled)


def _label_cause(kind: str, value: str, relabelled: Sequence[Prediction]) -> CandidateCause:
    counts = count(relabelled)
    estimates = {metric: counts.percent(metric) for metric in METRICS}
    return CandidateCause(kind, value, len(relabelled), estimates, dict.fromkeys(METRICS, Decimal(0)))


def _percent(part: float) -> Decimal:
    return round(Decimal(100 * part), 3)
