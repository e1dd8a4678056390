"""Documents checked against JSON Schemas (Draft 2020-12)."""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.system.files import cache_home

if TYPE_CHECKING:
    from jsonschema import ValidationError

_MOST_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A part of a document that its schema does not allow; `path` holds the keys and indices that lead to it."""

    path: tuple[str | int, ...]
    expected: str
    found: str

    def __str__(self) -> str:
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        place = "".join(steps).removeprefix(".")
        return f"expected {self.expected}, got {self.found}" + (f" at {place}" if place else "")


def find_mismatch(document: Any, schema: Path) -> Mismatch | None:
    """The most general mismatch of a parsed document with the schema in a file; None if it is valid.

    Valid documents are remembered in the user's cache by digest, because loading jsonschema takes about 0.1 s.
    """
    text = schema.read_bytes()
    valid = cache_home() / "valid" / hashlib.sha256(text + repr(document).encode()).hexdigest()
    with suppress(OSError):
        if valid.exists():
            return None
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(json.loads(text)).iter_errors(document))
    if error:
        return explain_error(error)
    with suppress(OSError):
        valid.parent.mkdir(parents=True, exist_ok=True)
        valid.touch()
    return None


def explain_error(error: "ValidationError") -> Mismatch:
    """A jsonschema error in words; the `description` of the failing subschema says what was expected."""
    schema: Any = error.schema
    value: Any = error.instance
    rule: Any = error.validator_value
    expected = schema.get("description", f"{error.validator} {rule}")
    found = str(value) if isinstance(value, Decimal) else json.dumps(value, default=str, ensure_ascii=False)
    if error.validator == "additionalProperties":
        from difflib import get_close_matches

        known = sorted(schema["properties"])
        unknown = sorted(value.keys() - set(known))
        near = get_close_matches(unknown[0], known, 1)
        expected = f"the keys {', '.join(known)}"
        found = ", ".join(unknown) + (f" (did you mean {near[0]}?)" if near else "")
    elif error.validator == "required":
        found = f"no key {', '.join(sorted(set(rule) - value.keys()))}"
    elif len(found) > _MOST_CHARACTERS:
        found = f"{found[:_MOST_CHARACTERS]}…"
    return Mismatch(tuple(error.absolute_path), expected, found)
