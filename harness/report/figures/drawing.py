"""SVG, piece by piece. Colours and sizes of text are the style sheet's, by class."""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

from markupsafe import Markup

from harness.index.faults import escape_controls
from harness.report.figures.scale import Scale

# All figures are so wide: about the width of a phone, so that their text can be read there.
WIDTH = 360.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, and what its caption says."""

    drawing: Markup
    caption: str


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of a drawing; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Area") -> bool:
        """Whether the two have any point in common, edges aside."""
        beside = self.right <= other.left or other.right <= self.left
        above = self.bottom <= other.top or other.bottom <= self.top
        return not (beside or above)

    def holds(self, other: "Area") -> bool:
        """Whether the other lies within this one."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom


def element(tag: str, *children: "Element | str", **attributes: object) -> Element:
    """An SVG element; `class_` is its class, and `stroke_width` its `stroke-width`."""
    written = {name.rstrip("_").replace("_", "-"): _written(value) for name, value in attributes.items()}
    node = Element(tag, written)
    for child in children:
        if isinstance(child, str):
            node.text = escape_controls(child)
        else:
            node.append(child)
    return node


def _written(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def drawing(name: str, title: str, description: str, height: float, parts: Iterable[Element]) -> Markup:
    """The whole drawing. `name` is unique in the document, so that its title and description can be told apart."""
    svg = element(
        "svg",
        element("title", title, id=f"{name}/title"),
        element("desc", description, id=f"{name}/description"),
        *parts,
        viewBox=f"0 0 {_written(WIDTH)} {_written(height)}",
        role="img",
        aria_labelledby=f"{name}/title",
        aria_describedby=f"{name}/description",
    )
    return Markup(tostring(svg, encoding="unicode"))  # noqa: S704 - every text in it was escaped just now


def text(content: str, x: float, y: float, class_: str = "label", anchor: str = "start") -> Element:
    """Text whose first, middle or last letter stands at `x`."""
    return element("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def axes(area: Area, across: Scale, up: Scale, names: tuple[str, str]) -> list[Element]:
    """Grid lines with their numbers, and the names of both axes."""
    parts = []
    for tick, label in up.ticks:
        y = up.at(tick)
        parts.append(element("line", x1=area.left, x2=area.right, y1=y, y2=y, class_="grid"))
        parts.append(text(label, area.left - 6, y + 3.5, "tick", "end"))
    for tick, label in across.ticks:
        x = across.at(tick)
        parts.append(element("line", x1=x, x2=x, y1=area.bottom, y2=area.bottom + 4, class_="axis"))
        parts.append(text(label, x, area.bottom + 15, "tick", "middle"))
    parts.append(element("line", x1=area.left, x2=area.right, y1=area.bottom, y2=area.bottom, class_="axis"))
    parts.append(text(names[0], (area.left + area.right) / 2, area.bottom + 32, "name", "middle"))
    parts.append(text(names[1], 0.0, area.top - 10, "name"))
    return parts
