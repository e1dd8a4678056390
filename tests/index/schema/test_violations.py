"""Errors of JSON Schemas in plain words."""

import json
from pathlib import Path

import pytest

from harness.index.schema.violations import Violation, violations

SCHEMA = {
    "type": "object",
    "required": ["name", "size"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$", "expected": "a lower-case name", "fix": "rename it"},
        "size": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["a", "b"]},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "top": {
            "type": ["number", "string"],
            "minimum": 0,
            "maximum": 100,
            "units": ["percent"],
            "expected": "a percentage",
        },
        "either": {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"x": {"type": "integer"}}}]},
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
        ([], Violation((), "a mapping", "an empty list", "write a mapping")),
        ({"name": "a"}, Violation((), "the key 'size'", "none", "add the key 'size'")),
        ({"name": "A", "size": 1}, Violation(("name",), "a lower-case name", "'A'", "rename it")),
        ({"name": "a\n", "size": 1}, Violation(("name",), "a lower-case name", "'a\\n'", "rename it")),
        ({"name": "a", "size": True}, Violation(("size",), "a whole number", "true", "write a whole number")),
        ({"name": "a", "size": 0}, Violation(("size",), "a number of at least 1", "0", "write a number of at least 1")),
        ({"name": "a", "size": 1, "kind": "c"}, Violation(("kind",), "one of a, b", "'c'", "write one of a, b")),
        ({"name": "a", "size": 1, "tags": ["x", 2]}, Violation(("tags", 1), "text", "2", "write text")),
        (
            {"name": "a", "size": 1, "tags": []},
            Violation(("tags",), "a list of at least 1 items", "an empty list", "write a list of at least 1 items"),
        ),
        (
            {"name": "a", "size": 1, "kinds": "a"},
            Violation(("kinds",), "a known key", "'kinds'", "did you mean 'kind'?"),
        ),
        ({"name": "a", "size": 1, "top": "101%"}, Violation(("top",), "a percentage", "'101%'", "write a percentage")),
        (
            {"name": "a", "size": 1, "either": {"x": "y"}},
            Violation(("either", "x"), "a whole number", "'y'", "write a whole number"),
        ),
    ],
)
def test_violations_name_path_expected_found_and_fix(schema: Path, value: object, wanted: Violation) -> None:
    (violation,) = violations(schema, value)
    assert violation == wanted


def test_every_violation_is_reported(schema: Path) -> None:
    found = violations(schema, {"nam": 1, "siz": 2, "kind": "c"})
    assert [violation.path for violation in found] == [(), (), ("nam",), ("siz",), ("kind",)]


@pytest.mark.parametrize("top", ["70.28%", "70", 70, 0, "100 %"])
def test_quantities_within_bounds(schema: Path, top: object) -> None:
    assert violations(schema, {"name": "a", "size": 1, "top": top}) == []
