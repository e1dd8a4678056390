"""New YAML and JSON text, written by ruamel.yaml and json."""

import json
import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

import yaml

Data = str | Sequence[str]

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NO_WRAPPING = 1_000_000


def json_text(value: Data, *, quoted: bool) -> str:
    """The value as JSON. A number is written without quotes unless `quoted`."""
    if isinstance(value, str) and not quoted and _JSON_NUMBER.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def yaml_text(value: str, quote: str = "") -> str:
    """The value as a YAML scalar on one line, for any place: in the given quotes, or in none if it needs none.

    Numbers stay without quotes. Text that YAML reads as something else (`yes`, `null`, a date) gets them.
    """
    if not quote and _is_plain(value):
        return value
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

    double = quote == '"' or not value.isprintable()
    dumper, stream = YAML(), StringIO()
    dumper.default_flow_style = True
    dumper.width = _NO_WRAPPING
    dumper.dump([(DoubleQuotedScalarString if double else SingleQuotedScalarString)(value)], stream)
    return stream.getvalue().strip()[1:-1]


def _is_plain(value: str) -> bool:
    """Whether the parser of pages reads the value as the same text or number, in a line and in brackets."""
    if not value.isprintable():
        return False
    try:
        document: Any = yaml.compose(f"- a: {value}\n- [{value}]\n", Loader=yaml.CSafeLoader)
        ((_, in_line),), in_brackets = (item.value for item in document.value)
    except (yaml.YAMLError, ValueError):
        return False
    tags = {"str", "int", "float"}
    read = [(node.value, node.tag.rpartition(":")[2] in tags) for node in (in_line, *in_brackets)]
    return read == [(value, True)] * 2


def yaml_entry(key: str, value: Data, *, offset: int | None) -> list[str]:
    """The lines of a new key. A list has dashes indented by `offset`, or brackets on one line if that is None."""
    if isinstance(value, str):
        return [f"{yaml_text(key)}: {yaml_text(value)}"]
    items = [yaml_text(item) for item in value]
    if offset is None:
        return [f"{yaml_text(key)}: [{', '.join(items)}]"]
    return [f"{yaml_text(key)}:", *(f"{' ' * offset}- {item}" for item in items)]
