"""Plain values checked against the JSON Schemas of the package, with errors in plain words.

Schemas may use four keywords that are not in JSON Schema and that editors ignore:

- `expected` and `fix`: the words of the message if a value breaks the schema that holds them. Without `expected`, the
  message uses the `description`.
- `units`: a text is a number with one of these units or none (`3.16M`), within the bounds that the schema gives.
- `sizes`: a text or list is the size of an image, as `harness.index.image_size` reads it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.index.image_size import parse_image_size
from harness.index.quantity import Dimension, Quantity, parse_quantity
from harness.index.similar import similar_name

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

Step = str | int
Schema = Mapping[str, Any]

MISSING = "none"
_MAX_SHOWN_LENGTH = 80


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
    root = json.loads(file.read_text("utf-8"))
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


def violations(file: Path, value: object, definition: str = "") -> list[Violation]:
    """Where a plain value breaks the schema in a file, or one of its `$defs`, in the order of the schema.

    Plain values are what JSON and TOML parsers return; Decimal counts as a number.
    """
    return list(dict.fromkeys(map(_explain, _validator(file, definition).iter_errors(value))))


@cache
def _validator(file: Path, definition: str) -> "Draft202012Validator":
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def check_pattern(_: object, pattern: str, value: object, __: Schema) -> "Iterator[ValidationError]":
        # In ECMA 262, `$` matches only at the end; in Python, also before a final line feed.
        if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
            yield ValidationError("other text")

    def check_units(_: object, __: object, value: object, schema: Schema) -> "Iterator[ValidationError]":
        if isinstance(value, str) and not quantity_fits(schema, parse_quantity(value)):
            yield ValidationError("another number")

    def check_size(_: object, __: object, value: object, ___: Schema) -> "Iterator[ValidationError]":
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        size = parse_image_size(text) if isinstance(text, str) else None
        if isinstance(text, str) and (size is None or not size.is_possible):
            yield ValidationError("another size")

    keywords = {"pattern": check_pattern, "units": check_units, "sizes": check_size}
    validator: Draft202012Validator = extend(Draft202012Validator, keywords)(load_schema(file, definition))  # type: ignore[no-untyped-call]
    return validator


def quantity_fits(schema: Schema, quantity: Quantity | None) -> bool:
    """Whether a quantity has one of the schema's `units` or none, and is within its bounds."""
    if quantity is None or quantity.dimension not in {Dimension.NONE, *schema["units"]}:
        return False
    # Binary units give fractions of bytes (16.8 MiB), so only numbers without a unit must be whole.
    whole = "integer" not in schema["type"] or quantity.unit or quantity.value == int(quantity.value)
    value = quantity.value
    inside = schema.get("minimum", value) <= value <= schema.get("maximum", value)
    return bool(whole) and inside and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])


def _explain(error: "ValidationError") -> Violation:
    schema: Any = error.schema
    value: Any = error.instance
    limit: Any = error.validator_value
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        known = sorted(schema["properties"])
        unknown = sorted(value.keys() - set(known))
        close = similar_name(unknown[0], known)
        found = _shortened(", ".join(unknown)) + (f" (did you mean {close}?)" if close else "")
        return Violation(path, f"the keys {', '.join(known)}", found, "correct the key")
    if error.validator == "required":
        *others, last = (repr(key) for key in limit if key not in value)
        missing = f"the keys {', '.join(others)} and {last}" if others else f"the key {last}"
        return Violation(path, missing, MISSING, f"add {missing}")
    expected = schema.get("expected") or schema.get("description") or f"{error.validator} {limit}"
    found = str(value) if isinstance(value, Decimal) else json.dumps(value, default=str, ensure_ascii=False)
    return Violation(path, expected, _shortened(found), schema.get("fix", f"write {expected}"))


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN_LENGTH else f"{text[:_MAX_SHOWN_LENGTH]}…"
