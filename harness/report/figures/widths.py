"""The block widths of a network: the linear rule u_j, and the widths that its stages have."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element

from harness.report.figures.scale import from_zero, positions
from harness.report.figures.svg import WIDTH, Area, Figure, axes, element, svg, text
from harness.verdict import Evidence, Table, Verdict

_PLOT = Area(38, 54, WIDTH - 10, 214)
_HEIGHT = 250.0


def widths_figure(name: str, model: str, verdicts: Iterable[Verdict]) -> Figure | None:
    """The figure of one model, from the page's `block_width` verdict; None without that evidence."""
    for verdict in verdicts:
        if verdict.claim.kind == "block_width" and verdict.claim.model is None:
            rule = _series(verdict.find("linear_widths"), model)
            widths = _series(verdict.find("block_widths"), model)
            if rule and len(rule) == len(widths):
                return _figure(name, model, rule, widths)
    return None


def _series(evidence: Evidence | None, model: str) -> list[float]:
    """The numbers of the model, from a table with one series per model."""
    for row in evidence.rows if isinstance(evidence, Table) else ():
        if row[0] == model and isinstance(row[1], tuple):
            return list(map(float, row[1]))
    return []


def _figure(name: str, model: str, rule: Sequence[float], widths: Sequence[float]) -> Figure:
    caption = (
        f"Widths of the {len(widths)} blocks: the linear rule u_j = w_0 + w_a·j, and the widths of the "
        f"{len(_stages(widths))} stages that it is rounded to."
    )
    description = "; ".join(
        f"block {block}: rule {linear_width:g}, width {width:g}"
        for block, (linear_width, width) in enumerate(zip(rule, widths, strict=True))
    )
    return Figure(svg(name, f"Block widths of {model}", description, _HEIGHT, _elements(rule, widths)), caption)


def _stages(widths: Sequence[float]) -> list[tuple[int, int, float]]:
    """The first block, last block and width of each run of equal widths."""
    stages, first = [], 0
    for width, blocks in groupby(widths):
        last = first + len(list(blocks)) - 1
        stages.append((first, last, width))
        first = last + 1
    return stages


def _elements(rule: Sequence[float], widths: Sequence[float]) -> list[Element]:
    across = positions(len(widths), _PLOT.left, _PLOT.right)
    up = from_zero(max(*rule, *widths), _PLOT.bottom, _PLOT.top)
    elements = [*_legend(), *axes(_PLOT, across, up, ("block j", "width"))]
    for first, last, width in _stages(widths):
        left, right, y = across.at(first - 0.5), across.at(last + 0.5), up.at(width)
        elements.append(element("rect", x=left, y=y, width=right - left, height=_PLOT.bottom - y, class_="stage"))
        elements.append(element("line", x1=left, x2=right, y1=y, y2=y, class_="width"))
    points = [(across.at(block), up.at(value)) for block, value in enumerate(rule)]
    elements.append(element("path", d=f"M{'L'.join(f'{x:.1f} {y:.1f}' for x, y in points)}", class_="rule"))
    return [*elements, *(element("circle", cx=x, cy=y, r=2.4, class_="declared") for x, y in points)]


def _legend() -> list[Element]:
    return [
        element("path", d="M4 16H22", class_="rule"),
        element("circle", cx=13.0, cy=16.0, r=2.4, class_="declared"),
        text("linear rule u_j", 28.0, 20.0, "name"),
        element("rect", x=136.0, y=12.0, width=18.0, height=9.0, class_="stage"),
        element("line", x1=136.0, x2=154.0, y1=12.0, y2=12.0, class_="width"),
        text("stage widths", 160.0, 20.0, "name"),
    ]
