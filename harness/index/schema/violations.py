"""Plain values checked against the JSON Schemas of the package, with errors in plain words.

Schemas may use three keywords that are not in JSON Schema and that editors ignore:

- `expected` and `fix`: the words of the message if a value breaks the schema that holds them.
- `units`: a text is a number with one of these units or none (`3.16M`), within the bounds that the schema gives.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.index.quantity import Dimension, Quantity, parse_quantity

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

Step = str | int
Schema = Mapping[str, Any]

MISSING = "none"
_MAX_SHOWN_LENGTH = 60
_TYPE_WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_BOUND_WORDS = {
    "minimum": "a number of at least {}",
    "maximum": "a number of at most {}",
    "exclusiveMinimum": "a number above {}",
    "exclusiveMaximum": "a number below {}",
    "minItems": "a list of at least {} items",
    "maxItems": "a list of at most {} items",
    "minLength": "text of at least {} characters",
    "maxLength": "text of at most {} characters",
    "minProperties": "a mapping of at least {} keys",
    "pattern": "text that matches {}",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One place of a value that breaks its schema. `path` holds the keys and indices that lead there."""

    path: tuple[Step, ...]
    expected: str
    found: str
    fix: str


@cache
def load_schema(file: Path, definition: str = "") -> Schema:
    """The JSON Schema in a file, or one of its `$defs`, with every `$ref` replaced by the definition it names.

    References must lead to the file's own `$defs`, and not in a circle.
    """
    root = _read_json(file)
    definitions = root.get("$defs", {})

    def resolve(part: Any) -> Any:
        if isinstance(part, list):
            return [resolve(item) for item in part]
        if not isinstance(part, dict):
            return part
        target = resolve(definitions[part["$ref"].rpartition("/")[2]]) if "$ref" in part else {}
        return {**target, **{key: resolve(value) for key, value in part.items() if key != "$ref"}}

    top = definitions[definition] if definition else {key: part for key, part in root.items() if key != "$defs"}
    schema: Schema = resolve(top)
    return schema


@cache
def _read_json(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def violations(file: Path, value: object, definition: str = "") -> list[Violation]:
    """Where a plain value breaks the schema in a file, or one of its `$defs`, in the order of the schema.

    Plain values are what JSON and TOML parsers return; Decimal counts as a number.
    """
    errors = _validator(file, definition).iter_errors(value)
    return list(dict.fromkeys(violation for error in errors for violation in _explain(error)))


@cache
def _validator(file: Path, definition: str) -> "Draft202012Validator":
    validator: Draft202012Validator = _validator_class()(load_schema(file, definition))
    return validator


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    valid_scalars: set[tuple[int, type, object]] = set()

    def check_part(validator: Any, value: Any, schema: Schema, step: Step) -> "Iterator[ValidationError]":
        # Pages repeat many values, and jsonschema is slow: a valid scalar is checked once per place in the schema.
        key = id(schema), type(value), None if isinstance(value, dict | list) else value
        if key not in valid_scalars:
            errors = list(validator.descend(value, schema, path=step, schema_path=step))
            if not errors and not isinstance(value, dict | list):
                valid_scalars.add(key)
            yield from errors

    def check_properties(validator: object, parts: Any, value: Any, _: Schema) -> "Iterator[ValidationError]":
        for key in parts if isinstance(value, dict) else ():
            if key in value:
                yield from check_part(validator, value[key], parts[key], key)

    def check_items(validator: object, part: Any, value: Any, _: Schema) -> "Iterator[ValidationError]":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from check_part(validator, item, part, index)

    keywords = {"pattern": _check_pattern, "units": _check_units, "properties": check_properties, "items": check_items}
    return extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]


def _check_pattern(_: object, pattern: str, value: object, __: Schema) -> "Iterator[ValidationError]":
    # The added line feed makes `$` match only at the end, as in ECMA 262; else it also matches before a final one.
    if isinstance(value, str) and not re.search(pattern, f"{value}\n"):
        yield _error(f"{value!r} does not match {pattern!r}")


def _check_units(_: object, __: object, value: object, schema: Schema) -> "Iterator[ValidationError]":
    if isinstance(value, str) and not quantity_fits(schema, parse_quantity(value)):
        yield _error(f"{value!r} is not an allowed number")


def quantity_fits(schema: Schema, quantity: Quantity | None) -> bool:
    """Whether a quantity has one of the schema's `units` or none, and is within its bounds."""
    if quantity is None or quantity.dimension not in {Dimension.NONE, *schema["units"]}:
        return False
    # Binary units give fractions of bytes (16.8 MiB), so only numbers without a unit must be whole.
    whole = "integer" not in schema["type"] or quantity.unit or quantity.value == int(quantity.value)
    value = quantity.value
    inside = schema.get("minimum", value) <= value <= schema.get("maximum", value)
    return bool(whole) and inside and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])


def _error(message: str) -> "ValidationError":
    from jsonschema import ValidationError

    return ValidationError(message)


def _explain(error: "ValidationError") -> Iterator[Violation]:
    """The violations behind an error of jsonschema, which reports all unknown keys of a mapping as one."""
    schema, value, limit = cast("Any", error.schema), cast("Any", error.instance), cast("Any", error.validator_value)
    path: tuple[Step, ...] = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and limit is False:
        known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        for key in value:
            if key not in known and not any(re.search(pattern, key) for pattern in patterns):
                yield Violation((*path, key), "a known key", repr(key), suggest_key(key, known))
    elif error.validator == "required":
        key = next(key for key in limit if error.message == f"{key!r} is a required property")
        yield Violation(path, f"the key {key!r}", MISSING, f"add the key {key!r}")
    elif error.validator in {"anyOf", "oneOf"} and "expected" not in schema and error.context:
        yield from _explain(max(error.context, key=lambda inner: len(inner.absolute_path)))
    else:
        expected = schema.get("expected") or _describe_keyword(error)
        yield Violation(path, expected, describe_value(value), schema.get("fix") or f"write {expected}")


def suggest_key(key: str, known: Sequence[str] | Mapping[str, object]) -> str:
    """The fix for an unknown key: the known key it resembles, or all known keys."""
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"remove it, or use one of {', '.join(map(repr, known))}"


def _describe_keyword(error: "ValidationError") -> str:
    keyword, limit = str(error.validator), cast("Any", error.validator_value)
    if keyword == "type":
        return " or ".join(_TYPE_WORDS[name] for name in ([limit] if isinstance(limit, str) else limit))
    if keyword == "enum":
        return f"one of {', '.join(map(str, limit))}"
    if keyword == "const":
        return repr(limit)
    return _BOUND_WORDS[keyword].format(limit) if keyword in _BOUND_WORDS else error.message


def describe_value(value: object) -> str:
    """What a message says that was found: the value, or what kind of value it is."""
    match value:
        case None | "":
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return repr(value if len(value) <= _MAX_SHOWN_LENGTH else value[:_MAX_SHOWN_LENGTH] + "…")
        case Mapping():
            return "a mapping" if value else "an empty mapping"
        case Sequence():
            return "a list" if value else "an empty list"
    return str(value)
