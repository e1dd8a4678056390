"""Nodes as declared values by kind. No value is dropped, and no two values share a kind."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

from harness.index.document import FaultNode, MappingNode, Node, ScalarNode, SequenceNode, describe, is_nothing
from harness.index.entries import Value
from harness.index.faults import Fault
from harness.index.image_size import parse_image_size
from harness.index.kinds import kind_and_unit, snake_case
from harness.index.page import Page
from harness.index.prose import SYMBOLS
from harness.index.schema.structure import definition, fields_of
from harness.index.schema.violations import quantity_fits

# Kinds of claims that are not fields: statements of the prose, templates, waivers.
_OTHER_KINDS = {*SYMBOLS.values(), "formula", "block", "include", "text", "create_model", "waiver", "type"}
_Leaf = TypeVar("_Leaf", ScalarNode, MappingNode, FaultNode)
# The most characters of a comment that are kept: aliases repeat comments.
_COMMENT = re.compile(r"[ \t]{1,100}#{1,100}[ \t]?([^\n]{0,500})")


@cache
def _kinds_of_groups() -> Mapping[str, frozenset[str]]:
    """The kinds that keep their name in each group. Elsewhere such a kind gets the group's name before it."""
    paper = {"paper_title", "paper_url"}
    return {
        "page": frozenset(),
        "collection": frozenset({"collection_name", "readme", *paper}),
        "model": frozenset({*fields_of("model"), *paper}),
        **{group: frozenset(fields_of(group)) for group in ("metadata", "result", "metrics")},
    }


@cache
def _standard_kinds() -> frozenset[str]:
    return frozenset(_OTHER_KINDS).union(fields_of("collection"), *_kinds_of_groups().values())


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads nodes of these pages into values."""

    pages: Mapping[str, Page]
    values: dict[str, Value] = field(default_factory=dict)
    last_numbers: dict[str, int] = field(default_factory=dict)

    def put(self, kind: str, group: str, value: Value) -> None:
        """Keep a value under its kind; the group's name comes before it if the kind is taken or means another field."""
        kind = kind or "field"
        if (kind in _standard_kinds() and kind not in _kinds_of_groups()[group]) or kind in self.values:
            kind = f"{group}_{kind}"
        base = kind
        while kind in self.values:
            # Numbers continue where the last one ended: a list can have thousands of items of one kind.
            self.last_numbers[base] = self.last_numbers.get(base, 1) + 1
            kind = f"{base}_{self.last_numbers[base]}"
        self.values[kind] = value

    def read(self, node: Node, kind: str, group: str) -> None:
        """Keep a node's value. The fields of a mapping get kinds that begin with `kind`."""
        if isinstance(node, MappingNode):
            for inner_kind, inner in node.fields():
                self.read(inner, f"{kind}_{inner_kind}", group)
        elif isinstance(node, ScalarNode):
            self.put(kind, group, self.value(node))
        elif isinstance(node, FaultNode):
            self.put(kind, group, fault_value(node))
        elif fault := next(_leaves(node, FaultNode), None):
            self.put(kind, group, fault_value(fault))
        else:
            items = tuple(scalar.raw for scalar in _leaves(node, ScalarNode))
            if items:
                self.put(kind, group, Value(", ".join(items), node.where, items))
            for mapping in _leaves(node, MappingNode):
                self.read(mapping, kind, group)

    def value(self, node: ScalarNode, unit: str = "") -> Value:
        """A scalar's value, with the unit that its key names."""
        page = self.pages.get(node.where.file)
        comment = None
        if page and node.span[1] >= 0:
            comment = _COMMENT.match(page.text, node.span[1], page.block_at(node.span[1]).end)
        raw = f"{node.raw} {unit}" if unit else node.raw
        return Value(raw, node.where, comment=comment[1].strip() if comment else "")

    def metadata(self, node: MappingNode) -> None:
        """Keep the values of metadata, whose keys may name units. An empty value declares nothing."""
        fields = [(key, value) for key, (_, value) in node.entries.items()]
        declared = {*self.values, *map(snake_case, node.entries)}
        for key, value in (*fields, *node.unread):
            if is_nothing(value):
                continue
            kind, unit = kind_and_unit(key)
            if kind == "library":
                self.library(value, "metadata")
            elif kind == "image_size" and not isinstance(value, MappingNode | FaultNode):
                self.put(kind, "metadata", self._image_size(value))
            elif kind != snake_case(key) and kind not in self.values and (scaled := self._scaled(value, kind, unit)):
                self.put(kind, "metadata", scaled)
            elif isinstance(value, ScalarNode) and kind != snake_case(key) and not unit and kind not in declared:
                self.put(kind, "metadata", _unreadable(value, kind))
            else:
                self.read(value, snake_case(key), "metadata")

    def _image_size(self, node: ScalarNode | SequenceNode) -> Value:
        """A size as one text or as a list of numbers."""
        if isinstance(node, ScalarNode):
            value = self.value(node)
        else:
            value = Value(f"[{', '.join(scalar.raw for scalar in _leaves(node, ScalarNode))}]", node.where)
        return replace(value, size=parse_image_size(value.raw))

    def _scaled(self, node: Node, kind: str, unit: str) -> Value | None:
        """The value in the unit that its key names; None if it has a unit of its own or is not what `kind` allows."""
        if not isinstance(node, ScalarNode):
            return None
        value = self.value(node, unit)
        schema = definition("metadata")["properties"][fields_of("metadata")[kind]]
        return value if quantity_fits(schema, value.quantity) else None

    def library(self, node: Node, group: str) -> None:
        """Keep a library under its name, and the other fields of a library after it."""
        if isinstance(node, MappingNode):
            for kind, value in node.fields():
                self.read(value, "library" if kind == "name" else f"library_{kind}", group)
        elif not is_nothing(node):
            self.read(node, "library", group)


def _unreadable(node: ScalarNode, kind: str) -> Value:
    """A value that its field does not allow, under another name of the field: `Params: many`."""
    schema = definition("metadata")["properties"][fields_of("metadata")[kind]]
    fault = Fault(node.where, schema["expected"], describe(node), schema["fix"])
    return fault_value(FaultNode(describe(node), fault))


def fault_value(node: FaultNode) -> Value:
    """The value of a node that cannot be read."""
    return Value(node.raw, node.where, fault=node.fault)


def _leaves(node: Node, kind_of_node: type[_Leaf]) -> Iterator[_Leaf]:
    """The nodes of one type in a list, and in lists inside it."""
    if isinstance(node, kind_of_node):
        yield node
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from _leaves(item, kind_of_node)
