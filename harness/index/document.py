"""YAML and JSON text as nodes that know their line, column and path. No values are guessed or constructed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml

from harness.index.faults import Fault, Location, PageError
from harness.index.kinds import snake_case
from harness.index.page import Block, Form, Page
from harness.index.yaml_parts import Span, emptied, name_in, yaml_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

# The tag of the key `<<`, whose value is a mapping of more entries (YAML 1.1, type `merge`).
_MERGE_TAG = "tag:yaml.org,2002:merge"
_UNDEFINED_ALIAS = "found undefined alias"
_MAX_DEPTH = 40
_MAX_NODES = 100_000
_MAX_KEY_LENGTH = 200
_MAX_SHOWN_LENGTH = 60


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A value as written, without its quotes.

    `plain` is true if it has no quotes, `tag` is the type that YAML gives it. `span` is the start and end of the value
    in the text of the page, quotes included.
    """

    raw: str
    tag: str
    plain: bool
    where: Location
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list of nodes. `flow` is true if it is written as `[a, b]`; `span` is then its start and end in the text."""

    items: tuple["Node", ...]
    where: Location
    flow: bool
    span: tuple[int, int] = (-1, -1)


@dataclass(frozen=True, slots=True)
class FaultNode:
    """A value, entry or file that cannot be read, and why. `raw` is its text, or what it is."""

    raw: str
    fault: Fault

    @property
    def where(self) -> Location:
        """The location of the fault."""
        return self.fault.where


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys in the order of the page, each with its location and value. `flow` and `span` are as for a list.

    `unread` are the values whose keys cannot be read, or stand in the mapping already.
    """

    entries: dict[str, tuple[Location, "Node"]]
    where: Location
    flow: bool = False
    span: tuple[int, int] = (-1, -1)
    unread: tuple[tuple[str, FaultNode], ...] = ()

    def get(self, key: str) -> "Node | None":
        """The node under `key`, or None."""
        entry = self.entries.get(key)
        return entry[1] if entry else None

    def fields(self) -> "Iterator[tuple[str, Node]]":
        """The kind that each key means, and its value; then those that cannot be read."""
        yield from ((snake_case(key), node) for key, (_, node) in self.entries.items())
        yield from ((snake_case(key), node) for key, node in self.unread)

    def by_kind(self) -> "dict[str, Node]":
        """The values by the kinds that their keys mean; the first one if several keys mean the same."""
        return {snake_case(key): node for key, (_, node) in reversed(self.entries.items())}


Node = ScalarNode | SequenceNode | MappingNode | FaultNode


def is_text(node: Node) -> bool:
    """Whether a node is text that is not empty, and that YAML does not read as a number, a date or null."""
    return isinstance(node, ScalarNode) and bool(node.raw) and (not node.plain or node.tag == "str")


def is_nothing(node: Node) -> bool:
    """Whether a node is null or an empty text, which declares nothing."""
    return isinstance(node, ScalarNode) and (not node.raw or (node.plain and node.tag == "null"))


def children_of(node: Node) -> "tuple[Node, ...]":
    """The items of a list, or the values of a mapping."""
    if isinstance(node, MappingNode):
        return tuple(value for _, value in node.entries.values())
    return node.items if isinstance(node, SequenceNode) else ()


def mappings_of(node: Node | None) -> list[MappingNode]:
    """The mappings in a list, or the one mapping that the node is."""
    items = node.items if isinstance(node, SequenceNode) else (node,)
    return [item for item in items if isinstance(item, MappingNode)]


def faults_of(node: SequenceNode) -> list[FaultNode]:
    """The items of a list that cannot be read."""
    return [item for item in node.items if isinstance(item, FaultNode)]


def describe(node: Node) -> str:
    """The node as a message shows it."""
    if isinstance(node, FaultNode):
        return node.raw
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list" if node.items else "an empty list"
    if is_nothing(node):
        return "nothing"
    raw = node.raw if len(node.raw) <= _MAX_SHOWN_LENGTH else node.raw[:_MAX_SHOWN_LENGTH] + "…"
    return raw if node.plain and raw.isprintable() else repr(raw)


def parse_blocks(page: Page) -> list[Node]:
    """The nodes of each block of the page. A block that is not valid YAML or JSON, too large or deep is a FaultNode."""
    return [*(FaultNode("a block", fault) for fault in page.faults), *(_parse(page, block) for block in page.blocks)]


def _parse(page: Page, block: Block) -> Node:
    """The nodes of a block. If it is not valid YAML, only the fields and entries that are not valid alone are lost."""
    try:
        return _Converter(page, block).convert(_compose(page, block), "")
    except PageError as error:
        whole = FaultNode("a block", error.faults[0])
    unread = _unread_parts(page, block) if page.form is not Form.JSON else {}
    text = block.text
    for part in unread:
        text = emptied(text, part)
    rest = replace(block, text=text)
    try:
        return _Converter(page, rest, unread).convert(_compose(page, rest), "") if unread else whole
    except PageError:
        return whole


def _unread_parts(page: Page, block: Block) -> dict[Span, FaultNode]:
    """The parts of a block that cannot be parsed on their own."""
    unread = {}
    for start, end in yaml_parts(block.text):
        # A part begins with the line of its colon or dash.
        line = block.text.rfind("\n", 0, start) + 1
        part = Block(block.text[line:end], block.start + line, block.span)
        try:
            _compose(page, part)
        except PageError as error:
            # The anchor of an alias may be in a part above.
            if _UNDEFINED_ALIAS not in error.faults[0].found or "&" not in block.text[:start]:
                unread[start, end] = FaultNode(name_in(part.text) or "broken YAML", error.faults[0])
    return unread


def _compose(page: Page, block: Block) -> yaml.Node:
    """PyYAML's nodes of a block. Raises PageError if it is not valid YAML or JSON, or too large or deep."""
    language = "JSON" if page.form is Form.JSON else "YAML"
    try:
        _check_size(page, block)
        root: yaml.Node | None = yaml.compose(block.text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        where = _locate(page, block, error.problem_mark or error.context_mark)
        fix = "check indentation, brackets and colons on this line and the line above"
        raise PageError([Fault(where, f"valid {language}", f"an error of its parser ({error.problem})", fix)]) from None
    except yaml.reader.ReaderError as error:
        character = chr(error.character) if isinstance(error.character, int) else error.character
        where = page.place(block.start + max(0, block.text.find(character)))
        found = f"the character U+{ord(character):04X}"
        raise PageError([Fault(where, f"valid {language}", found, "remove the character")]) from None
    if root is None:
        found, fix = "an empty block", "list the models under 'Models:'"
        raise PageError([Fault(_locate(page, block, None), "a model-index", found, fix)])
    return root


def _locate(page: Page, block: Block, mark: Any, path: str = "") -> Location:
    """The location of a mark of PyYAML, from its offset: YAML counts more line breaks than editors do."""
    return page.place(block.start + (mark.index if mark else 0), path)


def _check_size(page: Page, block: Block) -> None:
    """Bound depth and number of nodes on the flat stream of events, because composing recurses once per level."""
    depth = 0
    events: Iterator[yaml.Event] = yaml.parse(block.text, Loader=yaml.CSafeLoader)
    for number, event in enumerate(events):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            where = _locate(page, block, event.start_mark)
            raise PageError([Fault(where, f"at most {_MAX_DEPTH} levels", "deeper nesting", "flatten the block")])
        if number > _MAX_NODES:
            raise _too_many_nodes(_locate(page, block, event.start_mark))


def _too_many_nodes(where: Location) -> PageError:
    expected, fix = f"a block of at most {_MAX_NODES} values", "write aliases out, or split the page"
    return PageError([Fault(where, expected, "more than that, aliases expanded", fix)])


class _Converter:
    """Converts PyYAML's nodes. Aliases are expanded up to a total number of nodes. `unread` are emptied parts."""

    def __init__(self, page: Page, block: Block, unread: Mapping[Span, FaultNode] = MappingProxyType({})) -> None:
        self.unread = unread
        self.page = page
        self.block = block
        self.nodes_left = _MAX_NODES
        self.open_nodes: list[int] = []

    def convert(self, node: yaml.Node, path: str) -> Node:
        where = _locate(self.page, self.block, node.start_mark, path)
        # Long paths, and a long text that many aliases repeat, weigh as much as many values.
        text = len(node.value) if isinstance(node, yaml.ScalarNode) else 0
        self.nodes_left -= 1 + text // 100 + len(path) // 100
        if self.nodes_left < 0:
            raise _too_many_nodes(where)
        if id(node) in self.open_nodes:
            found = "an alias of the value that contains it"
            return FaultNode(found, Fault(where, "a value", found, "write the value out"))
        span = self.block.start + node.start_mark.index, self.block.start + node.end_mark.index
        if isinstance(node, yaml.ScalarNode):
            return ScalarNode(node.value, node.tag.removeprefix("tag:yaml.org,2002:"), not node.style, where, span)
        self.open_nodes.append(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                items = tuple(self._convert_part(item, f"{path}[{n}]") for n, item in enumerate(node.value))
                return SequenceNode(items, where, bool(node.flow_style), span)
            return self._convert_mapping(node, where, span)
        finally:
            self.open_nodes.pop()

    def _convert_part(self, node: yaml.Node, path: str) -> Node:
        """A value or item, or the fault of a part that was emptied."""
        start = node.start_mark.index
        emptied_parts = (part for part in self.unread if not node.value and part[0] <= start <= part[1])
        part = next(emptied_parts, None)
        return self.convert(node, path) if part is None else self.unread[part]

    def _convert_mapping(self, node: Any, where: Location, span: tuple[int, int]) -> MappingNode:
        entries: dict[str, tuple[Location, Node]] = {}
        unread: list[tuple[str, FaultNode]] = []
        merged: list[Node] = []
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str) or len(key) > _MAX_KEY_LENGTH:
                found = f"a key of {len(key)} characters" if isinstance(key, str) else "a list or mapping as key"
                expected, fix = f"text of at most {_MAX_KEY_LENGTH} characters as key", "write the key as short text"
                key_where = _locate(self.page, self.block, key_node.start_mark, where.path)
                unread.append(("key", FaultNode(found, Fault(key_where, expected, found, fix))))
                continue
            if key_node.tag == _MERGE_TAG:
                merged.append(self.convert(value_node, where.path))
                continue
            path = f"{where.path}.{key}" if where.path else key
            key_where = _locate(self.page, self.block, key_node.start_mark, path)
            if key in entries:
                unread.append((key, repeated_key(key_where, key, entries[key][0])))
            else:
                entries[key] = key_where, self._convert_part(value_node, path)
        for mapping in (mapping for value in merged for mapping in mappings_of(value)):
            entries = {**entries, **{key: entry for key, entry in mapping.entries.items() if key not in entries}}
            unread += mapping.unread
        return MappingNode(entries, where, bool(node.flow_style), span, tuple(unread))


def repeated_key(where: Location, key: str, first: Location) -> FaultNode:
    """The value of a key that stands in a mapping already, at `first`."""
    place = f"on line {first.line}" if first.file == where.file else f"at {first}"
    fault = Fault(where, "each key once", f"{key!r} again", f"keep one of the two; the first is {place}")
    return FaultNode(fault.found, fault)
