"""YAML text to nodes that know their line, column and path; nothing is guessed and nothing constructed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from harness.index.faults import Fault, Location, PageError
from harness.index.page import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 40
_MOST_NODES = 200_000


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as written, without its quotes; `plain` tells that it had none, `tag` what YAML reads it as."""

    raw: str
    tag: str
    plain: bool
    where: Location


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    items: tuple["Node", ...]
    where: Location


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


def parse_document(block: Block, file: str) -> tuple[Node, list[Fault]]:
    """The block's nodes and the duplicate keys in it. Raises PageError where it is not YAML, or a bomb."""
    try:
        _refuse_bombs(block, file)
        root = yaml.compose(block.text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        where = _locate(error.problem_mark or error.context_mark, block, file)
        problem = error.problem or "broken YAML"
        raise PageError(
            [Fault(where, "YAML", problem, "check indentation, brackets and colons, here and on the line above")]
        ) from None
    except yaml.reader.ReaderError as error:
        character = chr(error.character) if isinstance(error.character, int) else error.character
        before = block.text[: block.text.find(character)]
        where = Location(file, block.line + before.count("\n") + 1, len(before) - before.rfind("\n"))
        found = f"the character U+{ord(character):04X}"
        raise PageError([Fault(where, "YAML", found, "remove the character")]) from None
    if root is None:
        where = Location(file, block.line + 1, block.column + 1)
        raise PageError([Fault(where, "a model-index", "an empty block", "list the models under 'Models:'")])
    converter = _Converter(block, file)
    return converter.convert(root, ""), converter.faults


def _locate(mark: Any, block: Block, file: str, path: str = "") -> Location:
    """The page's place for a mark of either of yaml's parsers; the block's first place where there is none."""
    if mark is None:
        return Location(file, block.line + 1, block.column + 1, path)
    column = mark.column + (block.column if mark.line == 0 else 0)
    return Location(file, block.line + mark.line + 1, column + 1, path)


def _refuse_bombs(block: Block, file: str) -> None:
    """Composing recurses once a level, so depth is bounded on the flat stream of events first."""
    depth = 0
    events: Iterator[yaml.Event] = yaml.parse(block.text, Loader=yaml.CSafeLoader)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            where = _locate(event.start_mark, block, file)
            fault = Fault(where, f"at most {_DEEPEST} levels", "deeper nesting", "flatten the block")
            raise PageError([fault])


class _Converter:
    """Copies composed nodes, expanding aliases within a budget of nodes."""

    def __init__(self, block: Block, file: str) -> None:
        self.block = block
        self.file = file
        self.faults: list[Fault] = []
        self.left = _MOST_NODES
        self.inside: list[int] = []

    def convert(self, node: yaml.Node, path: str) -> Node:
        where = _locate(node.start_mark, self.block, self.file, path)
        self.left -= 1
        if self.left < 0 or id(node) in self.inside:
            found = "an alias inside itself" if self.left >= 0 else f"aliases that expand to over {_MOST_NODES}"
            raise PageError([Fault(where, "a block of bounded size", found, "write the values out")])
        if isinstance(node, yaml.ScalarNode):
            return Scalar(node.value, node.tag.removeprefix("tag:yaml.org,2002:"), not node.style, where)
        self.inside.append(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                items = tuple(self.convert(item, f"{path}[{n}]") for n, item in enumerate(node.value))
                return Sequence(items, where)
            return self._mapping(node, where)
        finally:
            self.inside.pop()

    def _mapping(self, node: yaml.Node, where: Location) -> Mapping:
        entries: dict[str, tuple[Location, Node]] = {}
        for key_node, value_node in node.value:
            key_where = _locate(key_node.start_mark, self.block, self.file, where.path)
            if not isinstance(key_node, yaml.ScalarNode):
                raise PageError([Fault(key_where, "a key", "a list or mapping as key", "write the key as text")])
            key = key_node.value
            path = f"{where.path}.{key}" if where.path else key
            key_where = Location(key_where.file, key_where.line, key_where.column, path)
            if key in entries:
                mend = f"keep one of the two; the first is on line {entries[key][0].line}"
                self.faults.append(Fault(key_where, "each key once", f"{key!r} again", mend))
                continue
            entries[key] = (key_where, self.convert(value_node, path))
        return Mapping(entries, where)
