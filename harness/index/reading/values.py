"""Nodes to declared values by kind: nothing dropped, and no two under one kind."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.index.document import Mapping as MappingNode
from harness.index.document import Node, Scalar
from harness.index.entries import Value
from harness.index.page import Page
from harness.index.prose import SYMBOLS
from harness.index.quantity import parse_quantity
from harness.index.schema.fields import (
    COLLECTION,
    METADATA,
    METRICS,
    MODEL,
    RESULT,
    is_nothing,
    kind_and_unit,
    snake_case,
)

# Kinds that mean something else than a field: what a page's prose says, and what is not a claim of the page.
_RESERVED = {*SYMBOLS.values(), "formula", "block", "include", "text", "create_model", "collection_name", "waiver"}
_OF_MODEL = {*MODEL, "paper_title", "paper_url"}
# What stands in each group under its own kind; anything else that is called so there gets the group's name before it.
GROUPS: Mapping[str, frozenset[str]] = {
    "page": frozenset({"type"}),
    "collection": frozenset({"collection_name", "paper_title", "paper_url", "readme"}),
    "model": frozenset(_OF_MODEL),
    "metadata": frozenset(METADATA),
    "result": frozenset(RESULT),
    "metrics": frozenset(METRICS),
}
_STANDARD = frozenset({*_OF_MODEL, *COLLECTION, *METADATA, *RESULT, *METRICS, *_RESERVED, "type"})
_COMMENT = re.compile(r"[ \t]+#+[ \t]?([^\n]*)")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads nodes of these pages into values."""

    pages: Mapping[str, Page]
    values: dict[str, Value] = field(default_factory=dict)

    def put(self, kind: str, group: str, value: Value) -> None:
        """Keep a value under its kind; with the group's name before it where the kind is taken or means another."""
        kind = kind or "field"
        if (kind in _STANDARD and kind not in GROUPS[group]) or kind in self.values:
            kind = f"{group}_{kind}"
        known, number = kind, 2
        while kind in self.values:
            kind, number = f"{known}_{number}", number + 1
        self.values[kind] = value

    def read(self, node: Node, kind: str, group: str) -> None:
        """Keep a node's value, or the values of a mapping's fields under kinds that begin with this one."""
        if isinstance(node, MappingNode):
            for key, (_, inner) in node.entries.items():
                self.read(inner, f"{kind}_{snake_case(key)}", group)
        elif isinstance(node, Scalar):
            self.put(kind, group, self.value(node))
        else:
            items = tuple(scalar.raw for scalar in _scalars(node))
            if items or not node.items:
                self.put(kind, group, Value(", ".join(items), node.where, items))
            for mapping in _mappings(node):
                self.read(mapping, kind, group)

    def value(self, node: Scalar, unit: str = "") -> Value:
        """A scalar's value, with the unit that its key names."""
        page = self.pages.get(node.where.file)
        comment = _COMMENT.match(page.text, node.span[1], _end(page)) if page and node.span[1] >= 0 else None
        raw = f"{node.raw} {unit}" if unit else node.raw
        return Value(raw, node.where, comment=comment[1].strip() if comment else "")

    def metadata(self, node: MappingNode) -> None:
        """Keep the values of metadata, where keys may name units. One that is empty declares nothing."""
        for key, (_, value) in node.entries.items():
            if is_nothing(value):
                continue
            kind, unit = kind_and_unit(key)
            if kind == snake_case(key):
                self.library(value, "metadata") if kind == "library" else self.read(value, kind, "metadata")
                continue
            quantity = parse_quantity(value.raw) if isinstance(value, Scalar) else None
            plain = quantity is not None and not (unit and quantity.unit)
            scaled = self.value(value, unit) if isinstance(value, Scalar) and plain else None
            rule = METADATA[kind].rule
            if scaled and rule and kind not in self.values and rule.holds(_scalar(scaled)):
                self.put(kind, "metadata", scaled)
            else:
                self.read(value, snake_case(key), "metadata")

    def library(self, node: Node, group: str) -> None:
        """Keep a library under its name, and what else is told of it."""
        if not isinstance(node, MappingNode):
            if not is_nothing(node):
                self.read(node, "library", group)
            return
        for key, (_, value) in node.entries.items():
            self.read(value, "library" if snake_case(key) == "name" else f"library_{snake_case(key)}", group)


def _scalar(value: Value) -> Scalar:
    return Scalar(value.raw, "str", plain=True, where=value.where, span=(-1, -1))


def _end(page: Page) -> int:
    return page.block.start + len(page.block.text)


def _scalars(node: Node) -> Iterator[Scalar]:
    """The texts of a list, and of lists in it."""
    if isinstance(node, Scalar):
        yield node
    elif not isinstance(node, MappingNode):
        for item in node.items:
            yield from _scalars(item)


def _mappings(node: Node) -> Iterator[MappingNode]:
    """The mappings of a list, and of lists in it."""
    if isinstance(node, MappingNode):
        yield node
    elif not isinstance(node, Scalar):
        for item in node.items:
            yield from _mappings(item)
