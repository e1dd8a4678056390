"""Top-1 accuracy over multiply-adds: declared, measured on this machine, and published elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from harness.index.quantity import parse_quantity
from harness.report.figures.labels import common_prefix, place_labels, shorten
from harness.report.figures.scale import linear, logarithmic, short_count
from harness.report.figures.svg import WIDTH, Area, Figure, axes, element, svg, text
from harness.report.overview import by_model
from harness.report.values import count_of
from harness.verdict import Table, Verdict

_PLOT = Area(48, 54, WIDTH - 10, 270)
_HEIGHT = 306.0
_LEGEND = {"declared": "declared", "measured": "measured here", "published": "published elsewhere"}


@dataclass(frozen=True, slots=True)
class AccuracyPoint:
    """A model's multiply-adds, with its declared, measured and published accuracies in percent."""

    model: str
    multiply_adds: float
    declared: float
    measured: float | None
    published: tuple[float, ...]

    @property
    def accuracies(self) -> list[float]:
        """All accuracies."""
        return [self.declared, *([] if self.measured is None else [self.measured]), *self.published]

    @property
    def description(self) -> str:
        """The point in words."""
        measured = "not measured here" if self.measured is None else f"measured {self.measured:g}%"
        published = "".join(f", published {value:g}%" for value in self.published)
        return f"{self.model}: {short_count(self.multiply_adds)}, declared {self.declared:g}%, {measured}{published}"


def accuracy_figure(name: str, verdicts: Sequence[Verdict]) -> Figure | None:
    """The figure of one page; None if no model has both a declared accuracy and measured FLOPs."""
    points: list[AccuracyPoint] = []
    not_drawn: list[str] = []
    for model, of_model in by_model(verdicts).items():
        of_this = list(_points(model, of_model))
        points += of_this
        if not of_this and any(verdict.claim.kind == "top_1_accuracy" for verdict in of_model):
            not_drawn.append(model)
    if not points:
        return None
    prefix = common_prefix([point.model for point in points])
    description = "; ".join(point.description for point in points)
    drawing = svg(name, "Top-1 accuracy over multiply-adds", description, _HEIGHT, _elements(points, prefix))
    return Figure(drawing, _caption(points, not_drawn, prefix))


def _points(model: str, verdicts: Iterable[Verdict]) -> Iterable[AccuracyPoint]:
    multiply_adds = next((_number(verdict.measured) for verdict in verdicts if verdict.claim.kind == "flops"), None)
    for verdict in verdicts:
        declared = verdict.claim.number
        if verdict.claim.kind != "top_1_accuracy" or declared is None or not multiply_adds or multiply_adds < 0:
            continue
        evaluations = verdict.find("published_evaluations")
        published = map(_number, evaluations.column("top_1")) if isinstance(evaluations, Table) else ()
        known = tuple(value for value in published if value is not None)
        yield AccuracyPoint(model, multiply_adds, float(declared.value), _number(verdict.measured), known)


def _number(value: object) -> float | None:
    quantity = parse_quantity(str(value))
    return float(quantity.value) if quantity else None


def _caption(points: Sequence[AccuracyPoint], not_drawn: Sequence[str], prefix: str) -> str:
    unmeasured = sum(point.measured is None for point in points)
    published = sum(len(point.published) for point in points)
    sentences = [
        f"Declared top-1 accuracy of {count_of(len(points), 'model')} over the measured multiply-adds per image "
        "(logarithmic axis).",
        f"Not measured here: {unmeasured} of {len(points)}." if unmeasured else "All were measured here.",
    ]
    if published:
        sentences.append(f"Published elsewhere: {count_of(published, 'evaluation')}, each under its own conditions.")
    if not_drawn:
        sentences.append(f"Not drawn, because multiply-adds or accuracy are unknown: {', '.join(not_drawn)}.")
    if prefix:
        sentences.append(f"Labels omit the common prefix {prefix}.")
    return " ".join(sentences)


def _elements(points: Sequence[AccuracyPoint], prefix: str) -> list[Element]:
    across = logarithmic([point.multiply_adds for point in points], _PLOT.left, _PLOT.right)
    up = linear([value for point in points for value in point.accuracies], _PLOT.bottom, _PLOT.top)
    elements = [*_legend(points), *axes(_PLOT, across, up, ("multiply-adds of one image", "top-1 accuracy, %"))]
    marks = []
    for point in points:
        x = across.at(point.multiply_adds)
        group = [_mark("published", x, up.at(value)) for value in point.published]
        group.append(_mark("declared", x, up.at(point.declared)))
        if point.measured is not None:
            group.append(_mark("measured", x, up.at(point.measured)))
        elements.append(element("g", element("title", point.description), *group))
        marks += [(x, up.at(value)) for value in point.accuracies]
    names = [
        (shorten(point.model.removeprefix(prefix)), across.at(point.multiply_adds), up.at(point.declared))
        for point in points
    ]
    return [*elements, *(text(*label) for label in place_labels(names, marks, _PLOT))]


def _legend(points: Sequence[AccuracyPoint]) -> list[Element]:
    """The kinds of marks that the drawing contains, with their meanings."""
    drawn = {
        "declared": True,
        "measured": any(point.measured is not None for point in points),
        "published": any(point.published for point in points),
    }
    elements, x = [], 10.0
    for kind, present in drawn.items():
        if present:
            elements += [_mark(kind, x, 16.0), text(_LEGEND[kind], x + 11, 20.0, "name")]
            x += 28 + 5.8 * len(_LEGEND[kind])
    return elements


def _mark(kind: str, x: float, y: float) -> Element:
    """A disc (declared), cross (measured) or ring (published); all three are visible at the same point."""
    if kind == "measured":
        path = f"M{x - 6:.1f} {y:.1f}H{x + 6:.1f}M{x:.1f} {y - 6:.1f}V{y + 6:.1f}"
        return element("path", d=path, class_=kind)
    return element("circle", cx=x, cy=y, r=3.0 if kind == "declared" else 5.5, class_=kind)
