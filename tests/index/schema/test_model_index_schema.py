"""The schema file as an editor uses it: with plain JSON Schema, without the keywords of the harness."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import harness.index.schema.structure
from harness.index.page import read_page
from tests.conftest import ROOT

SCHEMA = json.loads(
    Path(harness.index.schema.structure.__file__).with_name("model-index.schema.json").read_text("utf-8")
)
EDITOR = Draft202012Validator(SCHEMA)
PAGES = ROOT / "tests" / "pages"
VALID = [
    ROOT / "modelindex" / "regnety.md",
    *(
        PAGES / "good" / name
        for name in ("imports.yml", "left-empty.yml", "units.yml", "models-by-name.yml", "whole.json")
    ),
    *sorted((PAGES / "published").glob("*.yml")),
    *sorted((PAGES / "published").glob("timm-*.mdx")),
]
INVALID = ["wrong-types", "out-of-range", "url-not-https", "percent-where-none-belongs"]


def _value(path: Path) -> Any:
    return yaml.load(read_page(path, path.name).blocks[0].text, Loader=yaml.CSafeLoader)


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _parts(part)


def test_the_file_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_an_editor_accepts_published_pages(path: Path) -> None:
    assert [error.message for error in EDITOR.iter_errors(_value(path))] == []


@pytest.mark.parametrize("name", INVALID)
def test_an_editor_reports_the_lines_that_the_harness_reports(name: str) -> None:
    """Except for the bounds of numbers with a unit or a percent sign, which JSON Schema cannot express."""
    path = PAGES / "bad" / f"{name}.md"
    reported = path.with_suffix(".txt").read_text("utf-8")
    for error in EDITOR.iter_errors(_value(path)):
        steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path]
        assert f" at {''.join(steps).lstrip('.')}\n" in reported
    assert not EDITOR.is_valid(_value(path))


def test_every_field_has_a_title_and_a_description() -> None:
    definitions = SCHEMA["$defs"]
    for name in ("model", "collection", "metadata", "result", "metrics"):
        for key, field in definitions[name]["properties"].items():
            target = definitions[field["$ref"].rpartition("/")[2]] if "$ref" in field else {}
            assert {"title", "description"} <= {*field, *target}, (name, key)


def test_required_keys_are_known_and_no_host_is_named() -> None:
    for part in _parts(SCHEMA):
        assert set(part.get("required", ())) <= set(part.get("properties", part.get("required", ())))
    text = json.dumps({key: value for key, value in SCHEMA.items() if key != "$schema"})
    assert re.findall(r"//\w+\.\w*", text) == []
