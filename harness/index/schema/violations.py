"""Plain values checked against the JSON Schemas of the package, with errors in plain words.

A schema may say more than JSON Schema does, in keywords of its own that editors ignore:

- `expected` and `fix`: what a value must be and how to correct one that is not, in the words of a message.
- `quantity`: the numbers with units that a value may be, as `Numbers` holds them.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.index.quantity import Dimension, Quantity, parse_quantity

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

Step = str | int
Schema = Mapping[str, Any]

_LONGEST_SHOWN = 60
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
def load_schema(file: Path) -> Schema:
    """The JSON Schema in a file of the package."""
    schema: Schema = json.loads(file.read_text("utf-8"))
    return schema


def violations(file: Path, value: object, definition: str = "") -> list[Violation]:
    """Where a plain value breaks the schema in a file, or one of its `$defs`, in the order of the value.

    Plain values are what JSON and TOML parsers return; Decimal counts as a number.
    """
    return [violation for error in _validator(file, definition).iter_errors(value) for violation in _explain(error)]


@cache
def _validator(file: Path, definition: str) -> "Draft202012Validator":
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    keywords = {"pattern": _check_pattern, "quantity": _check_quantity}
    validator_class = extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
    schema = load_schema(file)
    root = {**schema, "$ref": f"#/$defs/{definition}"} if definition else schema
    validator: Draft202012Validator = validator_class(root)
    return validator


def _check_pattern(_: object, pattern: str, value: object, __: Schema) -> "Iterator[ValidationError]":
    # A line feed more gives `$` its meaning in ECMA 262: the end, and not also before a last line feed.
    if isinstance(value, str) and not re.search(pattern, f"{value}\n"):
        yield _error(f"{value!r} does not match {pattern!r}")


def _check_quantity(_: object, allowed: Mapping[str, Any], value: object, __: Schema) -> "Iterator[ValidationError]":
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return
    quantity = parse_quantity(value) if isinstance(value, str) else Quantity(str(value), Decimal(value), Decimal(1))
    if quantity is None or not quantity_fits(allowed, quantity):
        yield _error(f"{value!r} is not an allowed quantity")


def quantity_fits(allowed: Mapping[str, Any], quantity: Quantity) -> bool:
    """Whether a quantity satisfies the keyword `quantity`: bounds, the dimensions of units, whole numbers only."""
    units = {Dimension.NONE, *allowed.get("units", ())}
    # Binary units give fractions of bytes (16.8 MiB), so only numbers without a unit must be whole.
    whole = bool(quantity.unit) or not allowed.get("whole") or quantity.value == int(quantity.value)
    above = quantity.value > allowed["exclusiveMinimum"] if "exclusiveMinimum" in allowed else True
    inside = allowed.get("minimum", quantity.value) <= quantity.value <= allowed.get("maximum", quantity.value)
    return quantity.dimension in units and whole and above and inside


def _error(message: str) -> "ValidationError":
    from jsonschema import ValidationError

    return ValidationError(message)


def _explain(error: "ValidationError") -> Iterator[Violation]:
    """The violations behind an error of jsonschema, which reports all unknown keys of a mapping as one."""
    schema, value, limit = cast("Any", error.schema), cast("Any", error.instance), cast("Any", error.validator_value)
    path: tuple[Step, ...] = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and limit is False:
        known = schema.get("properties", {})
        for key in value:
            if key not in known:
                yield Violation((*path, key), "a known key", repr(key), suggest_key(key, known))
    elif error.validator == "required":
        key = next(key for key in limit if error.message == f"{key!r} is a required property")
        yield Violation(path, f"the key {key!r}", "none", f"add {key!r}")
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
            return repr(value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…")
        case Mapping():
            return "a mapping" if value else "an empty mapping"
        case Sequence():
            return "a list" if value else "an empty list"
    return str(value)
