"""The structure of a model-index, checked against its JSON Schema; what breaks it becomes a node with a fault."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from harness.index.document import (
    FaultNode,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    describe,
    is_nothing,
    repeated_key,
)
from harness.index.faults import Fault, Location
from harness.index.image_size import parse_image_size
from harness.index.kinds import kind_and_unit, snake_case
from harness.index.quantity import Dimension, parse_quantity
from harness.index.schema.violations import MISSING, Schema, Step, Violation, load_schema, violations
from harness.index.similar import similar_name

_SCHEMA = Path(__file__).with_name("model-index.schema.json")
_MAX_COMPARED_KEYS = 100

Normalise = Callable[[str], str]


def definition(name: str) -> Schema:
    """A definition of the schema, such as `model` or `metadata`."""
    return load_schema(_SCHEMA, name)


@cache
def fields_of(name: str) -> dict[str, str]:
    """The standard fields of a definition: their keys by kind."""
    return {snake_case(key): key for key in definition(name)["properties"]}


def checked(name: str, node: Node, normalise: Normalise = snake_case) -> Node:
    """The node, with a fault in place of each part that breaks a definition. `normalise` makes equal keys equal.

    An entry whose required field is missing or breaks the definition is a fault itself.
    """
    schema = definition(name)
    node = _with_checked_keys(node, schema, normalise)
    broken: dict[tuple[Step, ...], Violation] = {}
    for violation in violations(_SCHEMA, _plain(node, schema, normalise), name):
        broken.setdefault(violation.path, violation)
    return _with_faults(node, schema, (), broken, normalise) if broken else node


def _with_checked_keys(node: Node, schema: Schema, normalise: Normalise) -> Node:
    """The node without keys that repeat another or are nearly a known one; a schema cannot find these."""
    if isinstance(node, SequenceNode):
        items = tuple(_with_checked_keys(item, schema.get("items", {}), normalise) for item in node.items)
        return SequenceNode(items, node.where, node.flow, node.span)
    if not isinstance(node, MappingNode):
        return node
    keys = {normalise(key): key for key in schema.get("properties", ())}
    typos = dict(_typos(node, keys, schema["typos"])) if "typos" in schema else {}
    entries: dict[str, tuple[Location, Node]] = {}
    unread = list(node.unread)
    places: dict[str, Location] = {}
    for written, (where, value) in node.entries.items():
        key = keys.get(normalise(written))
        if key is None and written in typos:
            unread.append((written, FaultNode(describe(value), typos[written])))
        elif key in places:
            unread.append((written, repeated_key(where, written, places[key])))
        elif key is None:
            entries[written] = where, value
        else:
            places[key] = where
            entries[written] = where, _with_checked_keys(value, schema["properties"][key], normalise)
    return MappingNode(entries, node.where, node.flow, node.span, tuple(unread))


def _typos(node: MappingNode, keys: dict[str, str], similarity: float) -> Iterator[tuple[str, Fault]]:
    """A fault for each unknown key that is nearly a known one."""
    # A key that names a unit, such as `Params (M)` or `GFLOPs`, is written on purpose.
    unknown = [
        (key, where)
        for key, (where, _) in node.entries.items()
        if kind_and_unit(key)[0] not in keys and not set("([") & set(key)
    ]
    for key, where in unknown[:_MAX_COMPARED_KEYS]:
        close = similar_name(snake_case(key), keys, similarity)
        if close is not None:
            yield key, Fault(where, "a known key", repr(key), f"did you mean {keys[close]!r}?")


def _parts(node: Node, schema: Schema, normalise: Normalise) -> Iterator[tuple[Step, str | int, Node, Schema]]:
    """The parts of a node that its schema knows: the step as in the schema and as on the page, node and schema."""
    if isinstance(node, SequenceNode):
        read = (pair for pair in enumerate(node.items) if not isinstance(pair[1], FaultNode))
        for step, (position, item) in enumerate(read):
            yield step, position, item, schema.get("items", {})
    elif isinstance(node, MappingNode):
        keys = {normalise(key): key for key in schema.get("properties", ())}
        for written, (_, value) in node.entries.items():
            key = keys.get(normalise(written))
            if key is not None and not isinstance(value, FaultNode):
                yield key, written, value, schema["properties"][key]


def _plain(node: Node, schema: Schema, normalise: Normalise) -> object:
    """The node as a plain value, its keys spelled as in the schema; what the schema does not know is left out."""
    if isinstance(node, SequenceNode):
        return [_plain(item, of_item, normalise) for _, _, item, of_item in _parts(node, schema, normalise)]
    if isinstance(node, MappingNode):
        return {key: _plain(value, of_key, normalise) for key, _, value, of_key in _parts(node, schema, normalise)}
    return _plain_scalar(node, schema) if isinstance(node, ScalarNode) else node


def _plain_scalar(node: ScalarNode, schema: Schema) -> object:
    """None, a text or a number. Anything else, such as a date where a number belongs, stays a node."""
    if is_nothing(node):
        return None
    # A field for texts holds what is written, also if YAML gives it another type: `Name: 152`.
    is_number = {"number", "integer"} & {*schema.get("type", ())} and ("units" in schema or "sizes" in schema)
    if not node.plain or node.tag == "str" or not is_number:
        return node.raw
    number = parse_quantity(node.raw)
    if number is None or number.unit:
        return node
    return int(number.value) if number.value == number.value.to_integral_value() else number.value


def _with_faults(
    node: Node, schema: Schema, path: tuple[Step, ...], broken: dict[tuple[Step, ...], Violation], normalise: Normalise
) -> Node:
    """The node with the violations at and below its path as faults."""
    if path in broken:
        violation = broken[path]
        found = MISSING if violation.found == MISSING else describe(node)
        is_false = isinstance(node, ScalarNode) and _is_false(node, schema)
        return FaultNode(describe(node), Fault(node.where, violation.expected, found, violation.fix, is_false))
    parts = {
        written: _with_faults(value, part, (*path, step), broken, normalise)
        for step, written, value, part in _parts(node, schema, normalise)
    }
    required = {normalise(key) for key in schema.get("required", ())}
    for written, part in parts.items():
        if isinstance(part, FaultNode) and isinstance(written, str) and normalise(written) in required:
            return part
    if isinstance(node, SequenceNode):
        items = tuple(parts.get(position, item) for position, item in enumerate(node.items))
        return SequenceNode(items, node.where, node.flow, node.span)
    if isinstance(node, MappingNode):
        entries = {key: (where, parts.get(key, value)) for key, (where, value) in node.entries.items()}
        return MappingNode(entries, node.where, node.flow, node.span, node.unread)
    return node


def _is_false(node: ScalarNode, schema: Schema) -> bool:
    """Whether a value that breaks its schema is a number of the right unit: its field cannot have this number."""
    if "sizes" in schema:
        return parse_image_size(node.raw) is not None
    quantity = parse_quantity(node.raw)
    return "units" in schema and quantity is not None and quantity.dimension in {Dimension.NONE, *schema["units"]}
