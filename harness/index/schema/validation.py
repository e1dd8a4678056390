"""What an index declares against the rules of its fields: every fault, with its place and its mend."""

import difflib
from collections.abc import Iterable, Iterator, Mapping

from harness.index.document import Mapping as MappingNode
from harness.index.document import Node, Scalar, Sequence
from harness.index.faults import Fault, Location
from harness.index.reading.imports import Declared, Role
from harness.index.schema.fields import (
    COLLECTION,
    METADATA,
    METRICS,
    MODEL,
    PAPER,
    RESULT,
    ROOT,
    SECURE_URL,
    TEXT,
    TEXTS,
    Field,
    Rule,
    is_nothing,
    is_text,
    kind_and_unit,
    shown,
    snake_case,
)

# How alike a key has to be to a standard one to be taken for a slip of the pen. In metadata, keys of one's own are
# the rule, and only what differs in a letter or so is.
_NEAR, _VERY_NEAR = 0.8, 0.9
_MOST_COMPARED = 100


def validated(root: Declared) -> Iterator[Fault]:
    """The faults of all models and collections: slips of keys, wrong types, values out of range, missing names."""
    own = [(key, where) for key, where, _ in root.rest]
    if not root.cards:
        yield from _slips(own, ROOT, _NEAR)
    for key, _, node in root.rest:
        if snake_case(key) == "type" and not (isinstance(node, Scalar) and node.raw.casefold() in _TYPES):
            yield Fault(node.where, "'model-index'", shown(node), "write 'Type: model-index'")
        elif snake_case(key) == "library":
            yield from _library(node)
    for collection in root.collections:
        yield from _item(collection, COLLECTION)
    for model in root.models:
        yield from _item(model, MODEL)


_TYPES = {"model-index", "modelindex"}


def _item(node: MappingNode, table: Mapping[str, Field]) -> Iterator[Fault]:
    """The faults of a model or a collection."""
    yield from _fields(node, table, _NEAR)
    if "name" not in {snake_case(key) for key in node.entries}:
        yield Fault(node.where, "the key 'Name'", "none", "add 'Name:'")
    for key, (_, value) in node.entries.items():
        if is_nothing(value):
            continue
        match snake_case(key):
            case "metadata" if isinstance(value, MappingNode):
                yield from _fields(value, METADATA, _VERY_NEAR)
            case "metadata":
                yield Fault(value.where, Role.METADATA.item, shown(value), Role.METADATA.mend)
            case "results" if isinstance(value, Sequence) and value.items:
                for result in value.items:
                    yield from _result(result)
            case "results":
                mend = "begin each result with '- Task:'"
                yield Fault(value.where, "a list of results", shown(value), mend)
            case "library":
                yield from _library(value)


def _result(node: Node) -> Iterator[Fault]:
    if not isinstance(node, MappingNode):
        return
    yield from _fields(node, RESULT, _NEAR)
    for key, (_, value) in node.entries.items():
        if snake_case(key) == "metrics" and not is_nothing(value):
            parts = value.items if isinstance(value, Sequence) and value.items else (value,)
            for part in parts:
                if isinstance(part, MappingNode):
                    yield from _fields(part, METRICS, None)
                else:
                    mend = "write each metric on a line of its own, such as 'Top 1 Accuracy: 70.28%'"
                    yield Fault(part.where, "a mapping of metrics", shown(part), mend)


def _fields(node: MappingNode, table: Mapping[str, Field], near: float | None) -> Iterator[Fault]:
    """The faults of a mapping's fields. Without `near` any other key is free."""
    seen: dict[str, Location] = {}
    for key, (where, value) in node.entries.items():
        kind = snake_case(key)
        field = table.get(kind)
        if field is None:
            continue
        if kind in seen:
            mend = f"keep one of the two; the first is on line {seen[kind].line}"
            yield Fault(where, "each key once", f"{key!r} again", mend)
        seen.setdefault(kind, where)
        if field.rule and not (field.empty and is_nothing(value)):
            yield from _value(value, kind, field.rule)
    if near:
        keys = [(key, where) for key, (where, _) in node.entries.items()]
        yield from _slips(keys, table, near)


def _value(node: Node, kind: str, rule: Rule) -> Iterator[Fault]:
    """The faults of a value. Papers and code may be mappings, or several in a list, whose addresses are looked at."""
    if kind in {"paper", "code"} and not isinstance(node, Scalar):
        for part in node.items if isinstance(node, Sequence) else (node,):
            if isinstance(part, MappingNode):
                yield from _fields(part, PAPER if kind == "paper" else CODE, _NEAR)
            else:
                yield from _value(part, "", rule)
        return
    if kind == "weights" and isinstance(node, Sequence) and node.items:
        # A system of several networks, such as a tracker, has a file for each.
        for item in node.items:
            yield from _value(item, "", rule)
        return
    items = node.items if rule is TEXTS and isinstance(node, Sequence) else ()
    wrong = [item for item in items if not is_text(item)]
    yield from (Fault(item.where, TEXT.expected, shown(item), TEXT.mend) for item in wrong)
    if not wrong and not rule.holds(node):
        yield Fault(node.where, rule.expected, shown(node), rule.mend)


CODE: Mapping[str, Field] = {"url": Field("URL", SECURE_URL), "version": Field("Version")}


def _library(node: Node) -> Iterator[Fault]:
    name = node
    if isinstance(node, MappingNode):
        name = next((value for key, (_, value) in node.entries.items() if snake_case(key) == "name"), node)
    if not is_text(name) and not is_nothing(name):
        yield Fault(name.where, "a library's name", shown(name), "write 'Library: timm', or a mapping with 'Name:'")


def _slips(keys: Iterable[tuple[str, Location]], table: Mapping[str, Field], near: float) -> Iterator[Fault]:
    """The keys that are nearly, and not quite, a standard one."""
    # A key that names a unit, such as `Params (M)` or `GFLOPs`, is written with care.
    free = [(key, where) for key, where in keys if kind_and_unit(key)[0] not in table and not set("([") & set(key)]
    for key, where in free[:_MOST_COMPARED]:
        close = _closest(snake_case(key), tuple(table), near)
        if close:
            yield Fault(where, "a known key", repr(key), f"did you mean {table[close[0]].key!r}?")


def _closest(kind: str, known: tuple[str, ...], near: float) -> list[str]:
    return difflib.get_close_matches(kind, known, n=1, cutoff=near)
