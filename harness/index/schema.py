"""Nodes against the JSON Schema of a model-index: every fault, with its place and its mend."""

import difflib
import json
from collections.abc import Iterator
from decimal import Decimal
from importlib.resources import files
from typing import Any

from harness.index.document import Mapping, Node, Sequence
from harness.index.faults import Fault
from harness.index.quantity import parse_quantity

_SCHEMA: dict[str, Any] = json.loads(files("harness.index").joinpath("schema.json").read_text("utf-8"))
_LONGEST_SHOWN = 60
_MOST_COMPARED = 100


def schema_faults(root: Node) -> list[Fault]:
    """All faults of the block: unknown keys, wrong types, values out of range, missing keys."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(_SCHEMA)
    faults: list[Fault] = []
    for error in validator.iter_errors(_instance(root, _SCHEMA)):
        node = _descend(root, error.absolute_path)
        if error.validator == "additionalProperties" and isinstance(node, Mapping):
            faults += _unknown_keys(node, error.schema["properties"])
        elif error.validator == "required" and isinstance(node, Mapping):
            missing = next(key for key in error.validator_value if f"'{key}'" in error.message)
            faults.append(Fault(node.where, f"the key {missing!r}", "none", f"add '{missing}:'"))
        else:
            faults.append(Fault(node.where, error.schema["expected"], _shown(node), error.schema["mend"]))
    return list(dict.fromkeys(faults))


def _unknown_keys(node: Mapping, known: dict[str, Any]) -> Iterator[Fault]:
    folded = {name.casefold(): name for name in known}
    unknown = [(key, where) for key, (where, _) in node.entries.items() if key not in known]
    for number, (key, where) in enumerate(unknown):
        near = difflib.get_close_matches(key.casefold(), folded, n=1) if number < _MOST_COMPARED else []
        mend = f"did you mean {folded[near[0]]!r}?" if near else f"known keys: {', '.join(known)}"
        yield Fault(where, "a known key", repr(key), mend)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return _SCHEMA["$defs"][reference.removeprefix("#/$defs/")] if reference else schema


def _instance(node: Node, schema: dict[str, Any]) -> Any:
    schema = _resolved(schema)
    if isinstance(node, Mapping):
        properties = schema.get("properties", {})
        return {key: _instance(value, properties.get(key, {})) for key, (_, value) in node.entries.items()}
    if isinstance(node, Sequence):
        return [_instance(item, schema.get("items", {})) for item in node.items]
    if schema.get("quantity"):
        return _number(node.raw, percent="percentage" in schema["expected"])
    if not node.plain or node.tag == "str":
        return node.raw
    return None if node.tag == "null" else Decimal(0)


def _number(raw: str, *, percent: bool) -> int | Decimal | str:
    quantity = parse_quantity(raw)
    if quantity is None or (quantity.percent and not percent):
        return raw
    whole = int(quantity.value)
    return whole if whole == quantity.value else quantity.value


def _descend(root: Node, path: Any) -> Node:
    node = root
    for step in path:
        if isinstance(node, Mapping):
            node = node.entries[step][1]
        elif isinstance(node, Sequence):
            node = node.items[step]
    return node


def _shown(node: Node) -> str:
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list" if node.items else "an empty list"
    if node.plain and node.tag == "null":
        return "nothing"
    raw = node.raw if len(node.raw) <= _LONGEST_SHOWN else node.raw[:_LONGEST_SHOWN] + "…"
    return raw if node.plain and raw.isprintable() else repr(raw)
