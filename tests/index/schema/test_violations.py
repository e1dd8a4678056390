"""Errors of JSON Schemas in plain words."""

import json
from pathlib import Path

import pytest

from harness.index.schema.violations import Violation, violations

SCHEMA = {
    "description": "a table",
    "type": "object",
    "required": ["name", "size"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$", "expected": "a lower-case name", "fix": "rename it"},
        "size": {"description": "a whole number above 0", "type": "integer", "minimum": 1},
        "kind": {"enum": ["a", "b"]},
        "tags": {"type": "array", "items": {"expected": "text", "type": "string"}, "minItems": 1},
        "top": {
            "type": ["number", "string"],
            "minimum": 0,
            "maximum": 100,
            "units": ["percent"],
            "expected": "a percentage",
        },
    },
}


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "test.schema.json"
    path.write_text(json.dumps(SCHEMA))
    return path


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ([], Violation((), "a table", "[]", "write a table")),
        ({"name": "a"}, Violation((), "the key 'size'", "none", "add the key 'size'")),
        ({}, Violation((), "the keys 'name' and 'size'", "none", "add the keys 'name' and 'size'")),
        ({"name": "A", "size": 1}, Violation(("name",), "a lower-case name", '"A"', "rename it")),
        ({"name": "a\n", "size": 1}, Violation(("name",), "a lower-case name", '"a\\n"', "rename it")),
        (
            {"name": "a", "size": True},
            Violation(("size",), "a whole number above 0", "true", "write a whole number above 0"),
        ),
        ({"name": "a", "size": 0}, Violation(("size",), "a whole number above 0", "0", "write a whole number above 0")),
        (
            {"name": "a", "size": 1, "kind": "c"},
            Violation(("kind",), "enum ['a', 'b']", '"c"', "write enum ['a', 'b']"),
        ),
        ({"name": "a", "size": 1, "tags": ["x", 2]}, Violation(("tags", 1), "text", "2", "write text")),
        (
            {"name": "a", "size": 1, "kinds": "a"},
            Violation((), "the keys kind, name, size, tags, top", "kinds (did you mean kind?)", "correct the key"),
        ),
        ({"name": "a", "size": 1, "top": "101%"}, Violation(("top",), "a percentage", '"101%"', "write a percentage")),
    ],
)
def test_violations_name_path_expected_found_and_fix(schema: Path, value: object, wanted: Violation) -> None:
    (violation,) = violations(schema, value)
    assert violation == wanted


def test_every_violation_is_reported(schema: Path) -> None:
    found = violations(schema, {"nam": 1, "siz": 2, "kind": "c"})
    assert [violation.path for violation in found] == [(), (), ("kind",)]


@pytest.mark.parametrize("top", ["70.28%", "70", 70, 0, "100 %"])
def test_quantities_within_bounds(schema: Path, top: object) -> None:
    assert violations(schema, {"name": "a", "size": 1, "top": top}) == []
