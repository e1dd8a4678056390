"""Where a network's multiply-adds sit, stage by stage."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from harness.report.figures.drawing import Figure, drawing, element, text
from harness.report.figures.labels import shortened
from harness.report.figures.scale import short
from harness.verdict import Table, Verdict

_LEFT, _LONGEST = 72.0, 186.0
_ROW, _BAR = 26.0, 16.0


def multiply_adds_by_stage(name: str, model: str, verdicts: Iterable[Verdict]) -> Figure | None:
    """The bars of one model, from the evidence of its FLOPs verdict; None where there is no such evidence."""
    for verdict in verdicts:
        evidence = verdict.find("multiply_adds_by_stage")
        if isinstance(evidence, Table) and evidence.rows:
            stages = [(str(part), count, str(share)) for part, count, share in evidence.rows if isinstance(count, int)]
            return _figure(name, model, stages)
    return None


def _figure(name: str, model: str, stages: Sequence[tuple[str, int, str]]) -> Figure:
    total = sum(count for _, count, _ in stages)
    caption = f"Where the {short(total)} multiply-adds of one image sit, stage by stage, as counted here."
    described = "; ".join(f"{part}: {short(count)} {share}" for part, count, share in stages)
    height = 8 + _ROW * len(stages)
    return Figure(drawing(name, f"Multiply-adds of {model} by stage", described, height, _parts(stages)), caption)


def _parts(stages: Sequence[tuple[str, int, str]]) -> list[Element]:
    most = max(count for _, count, _ in stages) or 1
    parts = []
    for row, (part, count, share) in enumerate(stages):
        top = 4 + _ROW * row
        length = _LONGEST * count / most
        baseline = top + _BAR - 4
        parts.append(text(shortened(part), _LEFT - 8, baseline, "name", "end"))
        parts.append(element("rect", x=_LEFT, y=top, width=max(length, 1.0), height=_BAR, class_="bar"))
        parts.append(text(", ".join(filter(None, (short(count), share))), _LEFT + length + 6, baseline, "tick"))
    return [*parts, element("line", x1=_LEFT, x2=_LEFT, y1=0.0, y2=_ROW * len(stages), class_="axis")]
