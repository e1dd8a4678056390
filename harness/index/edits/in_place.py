"""Edits of declared values in the text of a page. Every character outside an edited value stays."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.index.claim import Claim
from harness.index.document import (
    FaultNode,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    children_of,
    parse_blocks,
)
from harness.index.edits.style import without_unit
from harness.index.edits.writing import Data, json_text, yaml_entry, yaml_text
from harness.index.faults import Location
from harness.index.page import Form, Page


class EditError(Exception):
    """A value that cannot be edited where it is; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """The text that replaces the characters of the page from `start` to before `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Editable:
    """A page, the nodes of its model-index by location, and how many nodes share each span (through aliases)."""

    page: Page
    nodes: dict[Location, Node]
    spans: Counter[tuple[int, int]]

    @property
    def is_json(self) -> bool:
        """Whether the model-index is JSON, so that new values are written as JSON."""
        return self.page.form is Form.JSON


def editable(page: Page) -> Editable:
    """The page with its nodes, for editing."""
    nodes = {node.where: node for root in parse_blocks(page) for node in _walk(root)}
    return Editable(page, nodes, Counter(node.span for node in nodes.values() if isinstance(node, ScalarNode)))


def edits_of(source: Editable, claim: Claim, values: Sequence[str]) -> tuple[Edit, ...]:
    """The edits that make a claim declare `values`: one text, or the items of a list. Raises EditError."""
    page = source.page
    if claim.kind == "text":
        start = page.line_starts[claim.where.line - 1] + claim.where.column - 1
        return (Edit(start, start + len(claim.declared), values[0]),)
    node = source.nodes.get(claim.where)
    if isinstance(node, ScalarNode) and len(values) == 1:
        if source.spans[node.span] > 1:
            raise EditError("it is shared with another value, by an alias")
        # A unit that the key names is not part of the text.
        unit = claim.declared.removeprefix(node.raw)
        if not claim.declared.startswith(node.raw):
            raise EditError("it is not declared in one place")
        return (Edit(*node.span, _in_same_quotes(source, node, without_unit(values[0], unit))),)
    if isinstance(node, SequenceNode):
        return tuple(_sequence_edits(source, node, claim, values))
    raise EditError("it is not a value of its own in the model-index")


def override_edit(source: Editable, claim: Claim, value: Data) -> Edit:
    """The edit that gives a model its own value of a field inherited from a collection. Raises EditError."""
    key = claim.where.path.rpartition("Metadata.")[2]
    for node in source.nodes.values() if claim.where.path.startswith("Collections") else ():
        fields = node.by_kind() if isinstance(node, MappingNode) else {}
        name, metadata = fields.get("name"), fields.get("metadata")
        if isinstance(name, ScalarNode) and name.raw == claim.model and isinstance(metadata, MappingNode):
            return insert_key(source, metadata, key, value)
    raise EditError("the model has no metadata of its own on the page")


def insert_key(source: Editable, mapping: MappingNode, key: str, value: Data) -> Edit:
    """The edit that adds a key at the end of a mapping, in the style of the page. Raises EditError."""
    entries = list(mapping.entries.values())
    if not entries:
        raise EditError("the mapping is empty")
    text, (key_where, last) = source.page.text, entries[-1]
    key_start = source.page.line_starts[key_where.line - 1] + key_where.column - 1
    end = _end(last)
    if end < key_start:
        raise EditError("the last value of the mapping is an alias")
    if mapping.flow:
        separator = _separator(text, (_end(entries[-2][1]), key_start) if len(entries) > 1 else None)
        if source.is_json:
            return Edit(end, end, f"{separator}{json_text(key, quoted=True)}: {json_text(value, quoted=False)}")
        return Edit(end, end, separator + yaml_entry(key, value, offset=None)[0])
    lines = yaml_entry(key, value, offset=_list_offset(source, mapping))
    indent = " " * (key_where.column - 1)
    return _insert_lines(source, _line_end(source, end), [indent + line for line in lines])


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made. Raises EditError if two different edits overlap."""
    ordered = sorted(set(edits))
    for first, second in pairwise(ordered):
        if second.start < first.end or (first.start, first.end) == (second.start, second.end):
            raise EditError("another claim changes the same text")
    for edit in reversed(ordered):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in children_of(node):
        yield from _walk(child)


def _end(node: Node) -> int:
    """The end of a node in the text of the page. Of block collections the parser gives the next token's start."""
    if isinstance(node, FaultNode):
        raise EditError("the last value of the mapping cannot be read")
    if isinstance(node, ScalarNode) or node.flow:
        return node.span[1]
    return _end(children_of(node)[-1])


def _list_offset(source: Editable, mapping: MappingNode) -> int | None:
    """How far the dashes of lists of texts are indented, in the mapping or else on the page; None for brackets."""
    for node in (mapping, *source.nodes.values()):
        for where, value in node.entries.values() if isinstance(node, MappingNode) else ():
            if isinstance(value, SequenceNode) and all(isinstance(item, ScalarNode) for item in value.items):
                return None if value.flow else max(0, value.where.column - where.column)
    return 0


def _line_end(source: Editable, offset: int) -> int:
    """The end of the line that holds the character before `offset`, within the block of the model-index."""
    text, block_end = source.page.text, source.page.block_at(offset).end
    end = offset if text[offset - 1] == "\n" else text.find("\n", offset) + 1
    return min(end or len(text), block_end)


def _insert_lines(source: Editable, offset: int, lines: Sequence[str]) -> Edit:
    text = source.page.text
    newline = "\r\n" if "\r\n" in text else "\n"
    inserted = newline.join(lines)
    return Edit(offset, offset, inserted + newline if text[offset - 1] == "\n" else newline + inserted)


def _separator(text: str, span: tuple[int, int] | None) -> str:
    """The text between two items of a flow collection, line breaks included, if it is a plain separator."""
    between = text[slice(*span)] if span else ""
    return between if re.fullmatch(r"\s*,\s*", between) else ", "


def _in_same_quotes(source: Editable, node: ScalarNode, value: str) -> str:
    """The value in the quotes of the node. Raises EditError for a node that is written in another way."""
    written = source.page.text[slice(*node.span)]
    if source.is_json:
        return json_text(value, quoted=not node.plain)
    if len(written) > 1 and written[0] == written[-1] and written[0] in "'\"":
        return yaml_text(value, written[0])
    if node.plain and written == node.raw:
        return yaml_text(value)
    raise EditError("it is written with an anchor or a tag, or over several lines")


def _sequence_edits(source: Editable, node: SequenceNode, claim: Claim, values: Sequence[str]) -> Iterator[Edit]:
    """The edits of a list of texts, or of an image size that is written as a list."""
    items = [item for item in node.items if isinstance(item, ScalarNode)]
    if len(items) != len(node.items) or not items or not values:
        raise EditError("it is not a list of texts, or none would be left")
    if any(source.spans[item.span] > 1 for item in items):
        raise EditError("it is shared with another list, by an alias")
    if claim.kind == "image_size":
        if not node.flow:
            raise EditError("it is written over several lines")
        yield Edit(*node.span, values[0])
        return
    if ", ".join(item.raw for item in items) != claim.declared:
        raise EditError("a part of it is inherited from the collection")
    yield from _list_edits(source, node, items, values)


def _list_edits(
    source: Editable, node: SequenceNode, items: Sequence[ScalarNode], values: Sequence[str]
) -> Iterator[Edit]:
    known = [item.raw for item in items]
    added = _positions(known, [value for value in values if value not in known])
    if node.flow:
        yield _flow_list_edit(source, items, values, added)
        return
    text = source.page.text
    starts = [text.rfind("\n", 0, item.span[0]) + 1 for item in items]
    prefixes = [text[start : item.span[0]] for start, item in zip(starts, items, strict=True)]
    if not all(re.fullmatch(r"\s*-\s+", prefix) for prefix in prefixes):
        raise EditError("its items are not on lines of their own")
    ends = [_line_end(source, item.span[1]) for item in items]
    for start, end, item in zip(starts, ends, items, strict=True):
        if item.raw not in values:
            yield Edit(start, end, "")
    for position, texts in added.items():
        offset = starts[position] if position < len(items) else ends[-1]
        yield _insert_lines(source, offset, [prefixes[0] + yaml_text(value) for value in texts])


def _flow_list_edit(
    source: Editable, items: Sequence[ScalarNode], values: Sequence[str], added: dict[int, list[str]]
) -> Edit:
    """The edit of a list in brackets. Kept items stay as they are, with the text before them."""
    text = source.page.text
    gaps = [(first.span[1], second.span[0]) for first, second in pairwise(items)]
    usual = _separator(text, gaps[0] if gaps else None)
    result = ""
    for position in range(len(items) + 1):
        for value in added.get(position, ()):
            result += (usual if result else "") + (
                json_text(value, quoted=True) if source.is_json else yaml_text(value)
            )
        if position < len(items) and items[position].raw in values:
            separator = text[slice(*gaps[position - 1])] if position else usual
            result += (separator if result else "") + text[slice(*items[position].span)]
    return Edit(items[0].span[0], items[-1].span[1], result)


def _positions(known: Sequence[str], added: Iterable[str]) -> dict[int, list[str]]:
    """The index of the item before which each new one goes: in alphabetical order if the list is, else at the end."""
    ordered = list(known) == sorted(known, key=str.casefold)
    positions: dict[int, list[str]] = {}
    for value in added:
        later = (number for number, item in enumerate(known) if item.casefold() > value.casefold())
        position = next(later, len(known)) if ordered else len(known)
        positions.setdefault(position, []).append(value)
    return positions
