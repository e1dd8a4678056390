"""The structure of a model-index, checked against its JSON Schema; each fault has the location of its value."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from harness.index.document import MappingNode, Node, ScalarNode, SequenceNode, describe, is_nothing, repeated_key
from harness.index.faults import Fault, Location
from harness.index.kinds import kind_and_unit, snake_case
from harness.index.quantity import parse_quantity
from harness.index.schema.violations import MISSING, Schema, Step, load_schema, violations
from harness.index.similar import similar_name

_SCHEMA = Path(__file__).with_name("model-index.schema.json")
_MAX_COMPARED_KEYS = 100


def definition(name: str) -> Schema:
    """A definition of the schema, such as `model` or `metadata`."""
    return load_schema(_SCHEMA, name)


@cache
def fields_of(name: str) -> dict[str, str]:
    """The standard fields of a definition: their keys by kind."""
    return {snake_case(key): key for key in definition(name)["properties"]}


def structure_faults(name: str, node: Node, normalise: Callable[[str], str] = snake_case) -> Iterator[Fault]:
    """The faults of a node that should be what a definition says. Keys are equal if `normalise` makes them equal."""
    faults: list[Fault] = []
    value = _plain(node, definition(name), normalise, faults)
    yield from faults
    for violation in violations(_SCHEMA, value, name):
        place = _node_at(node, violation.path, normalise)
        # The plain value lacks some keys, and numbers are not spelled as on the page.
        found = MISSING if violation.found == MISSING else describe(place)
        yield Fault(place.where, violation.expected, found, violation.fix)


def _plain(node: Node, schema: Schema, normalise: Callable[[str], str], faults: list[Fault]) -> object:
    """The node as a plain value, its keys spelled as in the schema; other keys are left out.

    Adds the faults that a schema cannot find: keys that repeat another, and keys that are nearly a known one.
    """
    if isinstance(node, ScalarNode):
        return _plain_scalar(node)
    if isinstance(node, SequenceNode):
        return [_plain(item, schema.get("items", {}), normalise, faults) for item in node.items]
    keys = {normalise(key): key for key in schema.get("properties", ())}
    values: dict[str, object] = {}
    places: dict[str, Location] = {}
    for written, (where, value) in node.entries.items():
        key = keys.get(normalise(written))
        if key is None:
            continue
        if key in places:
            faults.append(repeated_key(where, written, places[key]))
        else:
            places[key] = where
            values[key] = _plain(value, schema["properties"][key], normalise, faults)
    if "typos" in schema:
        faults += _typos(node, keys, schema["typos"])
    return values


def _plain_scalar(node: ScalarNode) -> object:
    """None, a text or a number. Anything else, such as a date, stays a node: no type of JSON matches it."""
    if is_nothing(node):
        return None
    if not node.plain or node.tag == "str":
        return node.raw
    number = parse_quantity(node.raw)
    if number is None or number.unit:
        return node
    return int(number.value) if number.value == number.value.to_integral_value() else number.value


def _typos(node: MappingNode, keys: dict[str, str], similarity: float) -> Iterator[Fault]:
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
            yield Fault(where, "a known key", repr(key), f"did you mean {keys[close]!r}?")


def _node_at(node: Node, path: tuple[Step, ...], normalise: Callable[[str], str]) -> Node:
    for step in path:
        if isinstance(node, SequenceNode) and isinstance(step, int):
            node = node.items[step]
        elif isinstance(node, MappingNode):
            wanted = normalise(str(step))
            node = next(value for key, (_, value) in node.entries.items() if normalise(key) == wanted)
    return node
