"""The multiply-adds of a network by stage, as bars."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from harness.report.figures.labels import shorten
from harness.report.figures.scale import short_count
from harness.report.figures.svg import Figure, element, svg, text
from harness.verdict import Table, Verdict

_LEFT, _LONGEST = 72.0, 186.0
_ROW, _BAR = 26.0, 16.0


def stages_figure(name: str, model: str, verdicts: Iterable[Verdict]) -> Figure | None:
    """The figure of one model, from the evidence of its FLOPs verdict; None without that evidence."""
    found = (verdict.find("multiply_adds_by_stage") for verdict in verdicts)
    rows = next((evidence.rows for evidence in found if isinstance(evidence, Table)), ())
    if not rows:
        return None
    stages = [(str(part), int(str(count)), str(share)) for part, count, share in rows]
    total = sum(count for _, count, _ in stages)
    caption = f"The {short_count(total)} multiply-adds of one image by stage, as measured here."
    description = "; ".join(f"{part}: {short_count(count)} {share}" for part, count, share in stages)
    height = 8 + _ROW * len(stages)
    return Figure(svg(name, f"Multiply-adds of {model} by stage", description, height, _elements(stages)), caption)


def _elements(stages: Sequence[tuple[str, int, str]]) -> list[Element]:
    most = max(count for _, count, _ in stages) or 1
    elements = []
    for row, (part, count, share) in enumerate(stages):
        top = 4 + _ROW * row
        length = _LONGEST * count / most
        baseline = top + _BAR - 4
        elements.append(text(shorten(part), _LEFT - 8, baseline, "name", "end"))
        elements.append(element("rect", x=_LEFT, y=top, width=max(length, 1.0), height=_BAR, class_="bar"))
        elements.append(
            text(", ".join(filter(None, (short_count(count), share))), _LEFT + length + 6, baseline, "tick")
        )
    return [*elements, element("line", x1=_LEFT, x2=_LEFT, y1=0.0, y2=_ROW * len(stages), class_="axis")]
