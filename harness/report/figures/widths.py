"""A network's block widths: the linear rule u_j against the widths that its stages were given."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from harness.report.figures.drawing import WIDTH, Area, Figure, axes, drawing, element, text
from harness.report.figures.scale import counted, from_zero
from harness.verdict import Evidence, Table, Verdict

_PLOT = Area(38, 54, WIDTH - 10, 214)
_HEIGHT = 250.0


def block_widths(name: str, model: str, verdicts: Iterable[Verdict]) -> Figure | None:
    """The figure of one model, from the verdict on its page's rule; None where that has no such evidence."""
    for verdict in verdicts:
        if verdict.claim.kind == "block_width" and verdict.claim.model is None:
            rule = _series(verdict.find("linear_widths"), model)
            widths = _series(verdict.find("block_widths"), model)
            if rule and len(rule) == len(widths):
                return _figure(name, model, rule, widths)
    return None


def _series(evidence: Evidence | None, model: str) -> list[float]:
    """The model's series of numbers, from a table of one series per model."""
    for row in evidence.rows if isinstance(evidence, Table) else ():
        if row[0] == model and isinstance(row[1], tuple):
            return list(map(float, row[1]))
    return []


def _figure(name: str, model: str, rule: Sequence[float], widths: Sequence[float]) -> Figure:
    stages = len(_stages(widths))
    caption = (
        f"Widths of the {len(widths)} blocks: the linear rule u_j = w_0 + w_a·j, and the widths of the "
        f"{stages} stages that it was rounded to."
    )
    described = "; ".join(
        f"block {block}: rule {linear_width:g}, width {width:g}"
        for block, (linear_width, width) in enumerate(zip(rule, widths, strict=True))
    )
    return Figure(drawing(name, f"Block widths of {model}", described, _HEIGHT, _parts(rule, widths)), caption)


def _stages(widths: Sequence[float]) -> list[tuple[int, int, float]]:
    """The first and last block of each run of equal widths, and the width."""
    stages: list[tuple[int, int, float]] = []
    for block, width in enumerate(widths):
        if stages and stages[-1][2] == width:
            stages[-1] = (stages[-1][0], block, width)
        else:
            stages.append((block, block, width))
    return stages


def _parts(rule: Sequence[float], widths: Sequence[float]) -> list[Element]:
    across = counted(len(widths), _PLOT.left, _PLOT.right)
    up = from_zero(max(*rule, *widths), _PLOT.bottom, _PLOT.top)
    parts = [*_legend(), *axes(_PLOT, across, up, ("block j", "width"))]
    for first, last, width in _stages(widths):
        left, right, y = across.at(first - 0.5), across.at(last + 0.5), up.at(width)
        parts.append(element("rect", x=left, y=y, width=right - left, height=_PLOT.bottom - y, class_="stage"))
        parts.append(element("line", x1=left, x2=right, y1=y, y2=y, class_="width"))
    points = [(across.at(block), up.at(value)) for block, value in enumerate(rule)]
    parts.append(element("path", d=f"M{'L'.join(f'{x:.1f} {y:.1f}' for x, y in points)}", class_="rule"))
    return [*parts, *(element("circle", cx=x, cy=y, r=2.4, class_="declared") for x, y in points)]


def _legend() -> list[Element]:
    return [
        element("path", d="M4 16H22", class_="rule"),
        element("circle", cx=13.0, cy=16.0, r=2.4, class_="declared"),
        text("linear rule u_j", 28.0, 20.0, "name"),
        element("rect", x=136.0, y=12.0, width=18.0, height=9.0, class_="stage"),
        element("line", x1=136.0, x2=154.0, y1=12.0, y2=12.0, class_="width"),
        text("stage widths", 160.0, 20.0, "name"),
    ]
