"""The project's TOML and JSON files: parsed, and checked against the JSON Schema of their kind."""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.system.cache_folder import cache_home
from harness.system.files import read_file

_MAX_NUMBER_LENGTH, _MAX_EXPONENT = 60, 300
_SCHEMAS = Path(__file__).parent / "schemas"
# The largest document that we know has 2 MB. Checking 8 MB takes about 4 s.
MOST_BYTES = 8 * 1024 * 1024
# Python's parser takes time and memory quadratic in the parts of a key such as `a.b.c`; our keys have two.
_LONG_KEY = re.compile(
    r"""(?:^|[\[{,])[ \t]*(?:(?:[\w-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')[ \t]*\.[ \t]*){16}""", re.MULTILINE
)


class ProjectError(UserError):
    """The project, or a file of it, cannot be used; the message names the place, what was expected, and the fix."""


def read_document(
    path: Path, kind: str, fix: str, name: str | None = None, parse_float: Callable[[str], Any] = Decimal
) -> Any:
    """The content of a file (called `name` in messages) that is valid by `schemas/{kind}.schema.json`.

    TOML or JSON, by its suffix. Raises ProjectError, also for a file that leads out of the project, is no
    regular file or has more than 8 MiB; and FileNotFoundError if there is no such file.
    """
    name = name or str(path)
    # The project's root is the folder above modelindex/; references have a folder of their own there.
    root = path.absolute().parents[2 if kind == "references" else 1]
    form = "TOML" if path.suffix == ".toml" else "JSON"
    try:
        data = read_file(path, MOST_BYTES, root)
        # JSON Schema has no NaN and Infinity: as texts, they are rejected where a number is expected.
        load = _load_toml if form == "TOML" else partial(json.loads, parse_constant=str)
        document = load(data.decode("utf-8-sig"), parse_float=lambda text: parse_float(_checked_number(text)))
        _check_texts(document)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ProjectError(f"{name}: expected a readable file, got: {error.strerror}; {fix}") from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        found = "a merge conflict" if b"<<<<<<< " in data else f"invalid text ({error})"
        raise ProjectError(f"{name}: expected {form}, got {found}; {fix}") from None
    mismatch = _find_mismatch(document, _SCHEMAS / f"{kind}.schema.json")
    if mismatch:
        raise ProjectError(f"{name}: {mismatch}; {fix}")
    return document


def _load_toml(text: str, parse_float: Callable[[str], Any]) -> dict[str, Any]:
    if match := _LONG_KEY.search(text):
        raise ValueError(f"a key of more than 16 parts, at line {text.count(chr(10), 0, match.end()) + 1}")
    return tomllib.loads(text, parse_float=parse_float)


def _checked_number(text: str) -> str:
    """The text of a number that is safe to write out. Raises ValueError: `1e999999999` would have a billion digits."""
    number = Decimal(text)
    if len(text) > _MAX_NUMBER_LENGTH or (number.is_finite() and abs(number.adjusted()) > _MAX_EXPONENT):
        shown = text if len(text) <= _MAX_NUMBER_LENGTH else f"{text[:_MAX_NUMBER_LENGTH]}…"
        raise ValueError(f"a number out of range: {shown}")
    return text


def _check_texts(value: Any) -> None:
    r"""Raise ValueError for a text that is not Unicode: JSON can write half of a character, as `\\ud800`."""
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError(f"half of a surrogate pair in {value[:_MAX_NUMBER_LENGTH]!a}") from None
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_texts(key)
            _check_texts(inner)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)


def _find_mismatch(document: Any, schema: Path) -> str | None:
    """The first violation of a schema. The cache keeps the digests of valid documents: loading jsonschema is slow."""
    valid = cache_home() / "valid" / hashlib.sha256(schema.read_bytes() + repr(document).encode()).hexdigest()
    with suppress(OSError):
        if valid.exists():
            return None
    from harness.index.schema.violations import violations

    for violation in violations(schema, document):
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in violation.path)
        place = "".join(steps).removeprefix(".")
        return f"expected {violation.expected}, got {violation.found}" + (f" at {place}" if place else "")
    with suppress(OSError):
        valid.parent.mkdir(parents=True, exist_ok=True)
        valid.touch()
    return None
