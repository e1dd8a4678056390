"""YAML text to nodes that know their line, column and path; nothing is guessed and nothing constructed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from harness.index.faults import Fault, Location, PageError
from harness.index.page import Form, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 40
_MOST_NODES = 100_000
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as written, without its quotes; `plain` tells that it had none, `tag` what YAML reads it as.

    `span` says where it begins and ends in the text of the page, quotes included.
    """

    raw: str
    tag: str
    plain: bool
    where: Location
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes; `flow` tells that it is written as `[a, b]`."""

    items: tuple["Node", ...]
    where: Location
    flow: bool


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys in the order of the page, each with its own place."""

    entries: dict[str, tuple[Location, "Node"]]
    where: Location

    def get(self, key: str) -> "Node | None":
        """The node under `key`, or None."""
        entry = self.entries.get(key)
        return entry[1] if entry else None


Node = Scalar | Sequence | Mapping


def parse_document(page: Page) -> tuple[Node, list[Fault]]:
    """The block's nodes and the duplicate keys in it. Raises PageError where it is not YAML, or a bomb."""
    try:
        _refuse_bombs(page)
        root = yaml.compose(page.block.text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        where = _place(page, error.problem_mark or error.context_mark)
        mend = "check indentation, brackets and colons, here and on the line above"
        raise PageError([Fault(where, _language(page), error.problem or "broken YAML", mend)]) from None
    except yaml.reader.ReaderError as error:
        character = chr(error.character) if isinstance(error.character, int) else error.character
        where = page.place(page.block.start + max(0, page.block.text.find(character)))
        found = f"the character U+{ord(character):04X}"
        raise PageError([Fault(where, _language(page), found, "remove the character")]) from None
    if root is None:
        found, mend = "an empty block", "list the models under 'Models:'"
        raise PageError([Fault(_place(page, None), "a model-index", found, mend)])
    converter = _Converter(page)
    return converter.convert(root, ""), converter.faults


def _language(page: Page) -> str:
    return "JSON" if page.form is Form.JSON else "YAML"


def _place(page: Page, mark: Any, path: str = "") -> Location:
    """The place of a mark of YAML's parser, by its offset: YAML counts more line breaks than editors do."""
    return page.place(page.block.start + (mark.index if mark else 0), path)


def _refuse_bombs(page: Page) -> None:
    """Composing recurses once a level, so depth and number are bounded on the flat stream of events first."""
    depth = 0
    events: Iterator[yaml.Event] = yaml.parse(page.block.text, Loader=yaml.CSafeLoader)
    for number, event in enumerate(events):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            where = _place(page, event.start_mark)
            raise PageError([Fault(where, f"at most {_DEEPEST} levels", "deeper nesting", "flatten the block")])
        if number > _MOST_NODES:
            raise PageError([_too_many(_place(page, event.start_mark))])


def _too_many(where: Location) -> Fault:
    expected, mend = f"a block of at most {_MOST_NODES} values", "write aliases out, or split the page"
    return Fault(where, expected, "more than that, aliases expanded", mend)


class _Converter:
    """Copies composed nodes, expanding aliases within a budget of nodes."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[Fault] = []
        self.left = _MOST_NODES
        self.inside: list[int] = []

    def convert(self, node: yaml.Node, path: str) -> Node:
        where = _place(self.page, node.start_mark, path)
        # A long text that many aliases repeat weighs as much as many values.
        self.left -= 1 + (len(node.value) // 100 if isinstance(node, yaml.ScalarNode) else 0)
        if self.left < 0:
            raise PageError([_too_many(where)])
        if id(node) in self.inside:
            fault = Fault(where, "a value", "an alias of what it stands in", "write the value out")
            raise PageError([fault])
        if isinstance(node, yaml.ScalarNode):
            tag = node.tag.removeprefix("tag:yaml.org,2002:")
            start = self.page.block.start
            span = start + node.start_mark.index, start + node.end_mark.index
            return Scalar(node.value, tag, not node.style, where, span)
        self.inside.append(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                items = tuple(self.convert(item, f"{path}[{n}]") for n, item in enumerate(node.value))
                return Sequence(items, where, bool(node.flow_style))
            return self._mapping(node, where)
        finally:
            self.inside.pop()

    def _mapping(self, node: yaml.Node, where: Location) -> Mapping:
        entries: dict[str, tuple[Location, Node]] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                key_where = _place(self.page, key_node.start_mark, where.path)
                raise PageError([Fault(key_where, "a key", "a list or mapping as key", "write the key as text")])
            key = key_node.value
            if len(key) > _LONGEST_KEY:
                key_where = _place(self.page, key_node.start_mark, where.path)
                found = f"one of {len(key)}"
                raise PageError([Fault(key_where, f"a key of at most {_LONGEST_KEY} characters", found, "shorten it")])
            path = f"{where.path}.{key}" if where.path else key
            key_where = _place(self.page, key_node.start_mark, path)
            if key in entries:
                mend = f"keep one of the two; the first is on line {entries[key][0].line}"
                self.faults.append(Fault(key_where, "each key once", f"{key!r} again", mend))
                continue
            entries[key] = (key_where, self.convert(value_node, path))
        return Mapping(entries, where)
