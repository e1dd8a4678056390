"""Top-1 accuracy over multiply-adds: what a page declares, what was measured here, what is published elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from harness.index.quantity import parse_quantity
from harness.report.figures import labels
from harness.report.figures.drawing import WIDTH, Area, Figure, axes, drawing, element, text
from harness.report.figures.scale import linear, logarithmic, short
from harness.report.overview import by_model
from harness.report.values import count_of
from harness.verdict import Verdict

_PLOT = Area(48, 54, WIDTH - 10, 270)
_HEIGHT = 306.0
_NAMES = {"declared": "declared", "measured": "measured here", "published": "published elsewhere"}


@dataclass(frozen=True, slots=True)
class Point:
    """A model's declared accuracy in percent over its multiply-adds, and the other accuracies known of it."""

    model: str
    multiply_adds: float
    declared: float
    measured: float | None
    published: tuple[float, ...]


def accuracy(name: str, verdicts: Sequence[Verdict]) -> Figure | None:
    """The figure of one page; None where no model has both a declared accuracy and counted multiply-adds."""
    points: list[Point] = []
    without: list[str] = []
    for model, of_model in by_model(verdicts).items():
        declares = any(verdict.claim.kind == "top_1_accuracy" for verdict in of_model)
        found = list(_points(model, of_model))
        points += found
        if declares and not found:
            without.append(model)
    if not points:
        return None
    caption = _caption(points, without)
    title = "Top-1 accuracy over multiply-adds"
    return Figure(drawing(name, title, _described(points), _HEIGHT, _parts(points)), caption)


def _points(model: str, verdicts: Iterable[Verdict]) -> Iterable[Point]:
    multiply_adds = next((_number(verdict.measured) for verdict in verdicts if verdict.claim.kind == "flops"), None)
    for verdict in verdicts:
        declared = verdict.claim.number
        if verdict.claim.kind != "top_1_accuracy" or declared is None or not multiply_adds or multiply_adds < 0:
            continue
        evaluations = verdict.evidence.get("published evaluations")
        rows = evaluations if isinstance(evaluations, list) else []
        published = [_number(row.get("top_1")) for row in rows if isinstance(row, Mapping)]
        found = tuple(value for value in published if value is not None)
        yield Point(model, multiply_adds, float(declared.value), _number(verdict.measured), found)


def _number(value: object) -> float | None:
    quantity = parse_quantity(str(value))
    return float(quantity.value) if quantity else None


def _caption(points: Sequence[Point], without: Sequence[str]) -> str:
    unmeasured = sum(point.measured is None for point in points)
    published = sum(len(point.published) for point in points)
    told = [
        f"Declared top-1 accuracy of {count_of(len(points), 'model')}, over the multiply-adds of one image as counted "
        "here, on a logarithmic axis.",
        f"Not measured here: {unmeasured} of {len(points)}." if unmeasured else "All were measured here.",
    ]
    if published:
        told.append(f"Published elsewhere: {count_of(published, 'evaluation')}, each under conditions of its own.")
    if without:
        told.append(f"Not drawn, as multiply-adds or a number are missing: {', '.join(without)}.")
    beginning = labels.common_beginning([point.model for point in points])
    if beginning:
        told.append(f"Labels leave out what all names begin with, {beginning}.")
    return " ".join(told)


def _described(points: Sequence[Point]) -> str:
    return "; ".join(_told(point) for point in points)


def _told(point: Point) -> str:
    measured = "not measured here" if point.measured is None else f"measured {point.measured:g}%"
    published = "".join(f", published {value:g}%" for value in point.published)
    return f"{point.model}: {short(point.multiply_adds)}, declared {point.declared:g}%, {measured}{published}"


def _parts(points: Sequence[Point]) -> list[Element]:
    accuracies = [value for point in points for value in _accuracies(point)]
    across = logarithmic([point.multiply_adds for point in points], _PLOT.left, _PLOT.right)
    up = linear(accuracies, _PLOT.bottom, _PLOT.top)
    parts = axes(_PLOT, across, up, ("multiply-adds of one image", "top-1 accuracy, %"))
    marks = []
    for point in points:
        x = across.at(point.multiply_adds)
        group = [_mark("published", x, up.at(value)) for value in point.published]
        group.append(_mark("declared", x, up.at(point.declared)))
        if point.measured is not None:
            group.append(_mark("measured", x, up.at(point.measured)))
        parts.append(element("g", element("title", _told(point)), *group))
        marks += [(x, up.at(value)) for value in _accuracies(point)]
    beginning = len(labels.common_beginning([point.model for point in points]))
    names = [
        (labels.shortened(point.model[beginning:]), across.at(point.multiply_adds), up.at(point.declared))
        for point in points
    ]
    parts += [text(label.name, label.x, label.y) for label in labels.place(names, marks, _PLOT)]
    return [*_legend(points), *parts]


def _accuracies(point: Point) -> list[float]:
    measured = [] if point.measured is None else [point.measured]
    return [point.declared, *measured, *point.published]


def _legend(points: Sequence[Point]) -> list[Element]:
    """The marks that the drawing has, each with its meaning."""
    drawn = {
        "declared": True,
        "measured": any(point.measured is not None for point in points),
        "published": any(point.published for point in points),
    }
    parts, x = [], 10.0
    for kind, present in drawn.items():
        if present:
            parts += [_mark(kind, x, 16.0), text(_NAMES[kind], x + 11, 20.0, "name")]
            x += 28 + 5.8 * len(_NAMES[kind])
    return parts


def _mark(kind: str, x: float, y: float) -> Element:
    """A disc for declared, a cross for measured, a ring for published, so that all three can lie on one spot."""
    if kind == "measured":
        path = f"M{x - 6:.1f} {y:.1f}H{x + 6:.1f}M{x:.1f} {y - 6:.1f}V{y + 6:.1f}"
        return element("path", d=path, class_=kind)
    return element("circle", cx=x, cy=y, r=3.0 if kind == "declared" else 5.5, class_=kind)
