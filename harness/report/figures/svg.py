"""Building blocks of SVG figures. The style sheet sets colours and text sizes, by class."""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

from markupsafe import Markup

from harness.index.faults import escape_controls
from harness.report.figures.scale import Scale

# All figures have the width of a phone, so that their text is readable there.
WIDTH = 360.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its caption."""

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
        """Whether the areas overlap by more than an edge."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def contains(self, other: "Area") -> bool:
        """Whether the other area lies completely inside."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom


def element(tag: str, *children: "Element | str", **attributes: object) -> Element:
    """An SVG element. In attribute names, `_` stands for `-`; a trailing `_` is dropped, as in `class_`."""
    node = Element(tag, {name.rstrip("_").replace("_", "-"): _format(value) for name, value in attributes.items()})
    for child in children:
        if isinstance(child, str):
            node.text = escape_controls(child)
        else:
            node.append(child)
    return node


def _format(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def svg(name: str, title: str, description: str, height: float, elements: Iterable[Element]) -> Markup:
    """The complete drawing. `name` is unique in the document, for the ids of title and description."""
    root = element(
        "svg",
        element("title", title, id=f"{name}/title"),
        element("desc", description, id=f"{name}/description"),
        *elements,
        viewBox=f"0 0 {_format(WIDTH)} {_format(height)}",
        role="img",
        aria_labelledby=f"{name}/title",
        aria_describedby=f"{name}/description",
    )
    return Markup(tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree escapes all text


def text(content: str, x: float, y: float, class_: str = "label", anchor: str = "start") -> Element:
    """Text whose start, middle or end is at `x`."""
    return element("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def axes(area: Area, across: Scale, up: Scale, names: tuple[str, str]) -> list[Element]:
    """Grid lines, tick labels, and the names of both axes."""
    elements = []
    for tick, label in up.ticks:
        y = up.at(tick)
        elements.append(element("line", x1=area.left, x2=area.right, y1=y, y2=y, class_="grid"))
        elements.append(text(label, area.left - 6, y + 3.5, "tick", "end"))
    for tick, label in across.ticks:
        x = across.at(tick)
        elements.append(element("line", x1=x, x2=x, y1=area.bottom, y2=area.bottom + 4, class_="axis"))
        elements.append(text(label, x, area.bottom + 15, "tick", "middle"))
    elements.append(element("line", x1=area.left, x2=area.right, y1=area.bottom, y2=area.bottom, class_="axis"))
    elements.append(text(names[0], (area.left + area.right) / 2, area.bottom + 32, "name", "middle"))
    elements.append(text(names[1], 0.0, area.top - 10, "name"))
    return elements
