"""Settings, references, records and lock: their schemas, and what the messages about faulty files say."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.project.documents import ProjectError
from harness.project.references import _add, load_references
from harness.project.settings import read_settings

Verify = Callable[..., subprocess.CompletedProcess[str]]


def _write_references(project: Path, content: Mapping[str, Any]) -> None:
    (project / "modelindex" / "references").mkdir()
    (project / "modelindex" / "references" / "mine.json").write_text(json.dumps(content))


MISSING = "expected names and classes, got no {} at datasets.ImageNet-A; add them to the file"
EVALUATION = {"recipe": "ra_in1k", "dataset": "ImageNet-1k", "image_size": 224, "crop_pct": 0.875, "top_1": 70.1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"datasets": {"ImageNet-A": {"names": ["ImageNet-A"]}}}, MISSING.format("classes")),
        ({"datasets": {"ImageNet-A": {"classes": 200}}}, MISSING.format("names")),
        (
            {"recipes": {"ra_in1k": {"tag": 3}}},
            "mine.json: expected a string, got 3 at recipes.ra_in1k.tag; correct the file",
        ),
        (
            {"collections": {"RegNetY": {"paper_title": 2003.13678}}},
            "mine.json: expected a string, got 2003.13678 at collections.RegNetY.paper_title",
        ),
        (
            {"datasets": {"ImageNet-1k": {"names": "ImageNet"}}},
            'expected a list of strings, got "ImageNet" at datasets.ImageNet-1k.names',
        ),
        (
            {"models": {"regnety_002": {"evaluations": [EVALUATION]}}},
            "expected the keys 'interpolation' and 'top_5', got none at models.regnety_002.evaluations[0]",
        ),
        ({"dataset": {}}, "sources, units, got dataset (did you mean datasets?)"),
        ([], "mine.json: expected an object, got []; correct the file"),
    ],
)
def test_faulty_references_are_reported_with_their_place(
    verify: Verify, project: Path, content: Mapping[str, Any], message: str
) -> None:
    _write_references(project, content)
    run = verify("all", "--model", "regnety_002", cwd=project)
    assert message in run.stderr
    assert (run.returncode, "Traceback" in run.stderr) == (2, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"drift": {"accuracy": {"top_1": NaN}}}', 'expected a number, got "NaN" at drift.accuracy.top_1'),
        ('{"drift": {"accuracy": {"top_1": 1e99999999999999999999}}}', "mine.json: expected JSON, got invalid text"),
        ("<<<<<<< HEAD\n{}", "mine.json: expected JSON, got a merge conflict; correct the file"),
    ],
)
def test_faulty_json(tmp_path: Path, text: str, message: str) -> None:
    from harness.project.documents import ProjectError
    from harness.project.references import load_references

    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(ProjectError) as raised:
        load_references([tmp_path])
    assert message in str(raised.value)


def test_a_file_may_add_fields_to_a_dataset_of_another(project: Path) -> None:
    from harness.project.references import SHIPPED, load_references

    _write_references(project, {"datasets": {"ImageNet-1k": {"images_per_class": 5}}})
    imagenet = load_references([SHIPPED, project / "modelindex" / "references"]).datasets["ImageNet-1k"]
    assert (imagenet["classes"], imagenet["images_per_class"], len(imagenet["ids"])) == (1000, 5, 1000)


@pytest.mark.parametrize(
    ("dataset", "fix"),
    [
        ("Scans", "add its names and classes to a file in modelindex/references/"),
        ("ImageNet", "write ImageNet-1k"),
    ],
)
def test_a_dataset_that_the_references_do_not_have(verify: Verify, project: Path, dataset: str, fix: str) -> None:
    (project / "images").mkdir()
    settings = project / "modelindex" / "verify.toml"
    settings.write_text(f'pages = ["regnety.md"]\n[datasets]\n{dataset} = "../images"\n')
    run = verify("all", cwd=project)
    assert f"modelindex/verify.toml: unknown dataset {dataset} at datasets.{dataset}; {fix}" in run.stderr
    assert run.returncode == 2


RECORD = {
    "model": "regnety_002",
    "file": "regnety_002-e68ca334.pth",
    "sha256": "a" * 64,
    "dataset": "ImageNet-1k",
    "fingerprint": "b" * 64,
    "conditions": {},
    "precision": "fp32",
    "images": 500,
    "top_1": 400,
    "top_5": 450,
    "environment": {},
    "date": "2026-06-01",
}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"precision": "fp8"}, 'expected fp32, tf32, bf16 or fp16, got "fp8" at records[0].precision; restore it'),
        ({"sha256": "abc"}, 'expected 64 hexadecimal digits, got "abc" at records[0].sha256'),
        ({"conditions": [1]}, "expected the conditions of the evaluation by name, got [1] at records[0].conditions"),
        ({"images": 500.5}, "expected a number of images above 0, got 500.5 at records[0].images"),
        ({"top_1": 451}, "expected top_1 ≤ top_5 ≤ images, got 451, 450, 500 at records[0]"),
        ({"model": None}, "expected the name of a model, got null at records[0].model"),
    ],
)
def test_faulty_records(tmp_path: Path, edit: Mapping[str, Any], message: str) -> None:
    from harness.project.documents import ProjectError
    from harness.project.records import Record, read_records, write_records

    path = tmp_path / "records.json"
    write_records(path, [Record(**RECORD)])
    assert read_records(path) == (Record(**RECORD),)
    path.write_text(json.dumps({"schema": 1, "records": [RECORD | edit]}))
    with pytest.raises(ProjectError) as raised:
        read_records(path)
    assert message in str(raised.value)


def test_jsonschema_is_loaded_only_for_documents_that_are_new(verify: Verify, project: Path) -> None:
    def loads_jsonschema() -> bool:
        run = verify("all", "--claim", "id", cwd=project, PYTHONPROFILEIMPORTTIME="1")
        assert run.returncode == 0
        return "jsonschema" in run.stderr

    assert [loads_jsonschema(), loads_jsonschema()] == [True, False]
    _write_references(project, {"sources": {}})
    assert [loads_jsonschema(), loads_jsonschema()] == [True, False]


def test_every_schema_is_valid() -> None:
    from jsonschema import Draft202012Validator

    from harness.project import documents

    schemas = sorted((Path(documents.__file__).parent / "schemas").glob("*.json"))
    assert [path.name.partition(".")[0] for path in schemas] == ["lock", "records", "references", "verify"]
    for path in schemas:
        Draft202012Validator.check_schema(json.loads(path.read_text()))


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ('{"models": {"a": {"params": 1.5}}}', "expected a whole number, got 1.5 at models.a.params"),
        ('{"sources": {"a": "\\ud800"}}', "half of a surrogate pair"),
        ('{"models": {"a": {"params": ' + "9" * 5000 + "}}}", "expected JSON, got invalid text"),
        ('{"models": {"a": {"params": 1e999999999}}}', "a number out of range: 1e999999999"),
    ],
)
def test_hostile_values_of_references_are_errors_of_the_file(part: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "more.json").write_text(part)
    with pytest.raises(ProjectError) as error:
        load_references([tmp_path])
    assert "more.json: " in str(error.value)
    assert found in str(error.value)


def test_a_number_of_5000_digits_in_settings_is_an_error_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "verify.toml").write_text(f"pages = []\n[tolerances.fp32]\npass = {'9' * 5000}\nexplained = 1\n")
    with pytest.raises(ProjectError, match=r"verify\.toml: expected TOML, got invalid text"):
        read_settings(tmp_path / "verify.toml")


@pytest.mark.parametrize(
    "line",
    [".".join("a" * 17) + " = 1", "[" + " . ".join(["'a'"] * 5000) + "]", "x = {a = 1, " + '"a\\"".' * 16 + "b = 1}"],
)
def test_a_key_of_many_parts_is_not_parsed(line: str, tmp_path: Path) -> None:
    path = tmp_path / "modelindex" / "verify.toml"
    path.parent.mkdir()
    path.write_text(f'pages = ["a.{"b." * 20}md"]\n{line}\n')
    with pytest.raises(ProjectError, match=r"got invalid text \(a key of more than 16 parts, at line 2\); correct"):
        read_settings(path)


def test_many_tables_are_limited(tmp_path: Path) -> None:
    path = tmp_path / "modelindex" / "verify.toml"
    path.parent.mkdir()
    for name, value in (("datasets", "."), ("builders", "a:b")):
        lines = "\n".join(f'd{number} = "{value}"' for number in range(101))
        path.write_text(f'pages = ["a.md"]\n[{name}]\n{lines}\n')
        with pytest.raises(ProjectError, match=rf"expected \[{name}\] with at most 100 lines"):
            read_settings(path)


def test_references_are_limited_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.project.references._MOST_FILES", 2)
    monkeypatch.setattr("harness.project.references.MOST_BYTES", 20)
    folder = tmp_path / "modelindex" / "references"
    folder.mkdir(parents=True)
    for name in "ab":
        (folder / f"{name}.json").write_text('{"models": {}}')
    with pytest.raises(ProjectError, match="references: expected at most 2 files of together 20 bytes, got 2 of 28;"):
        load_references([folder])
    (folder / "a.json").write_text("{}")
    load_references([folder])
    (folder / "c.json").write_text("{}")
    with pytest.raises(ProjectError, match="got 3 of 18; remove what no page needs"):
        load_references([folder])


class _Copied(dict[str, Any]):
    """A dictionary that is not copied: that takes time for everything that is known."""

    def __or__(self, _: object) -> dict[str, Any]:
        pytest.fail("copied")


def test_adding_a_file_costs_the_size_of_that_file() -> None:
    known: dict[Any, Any] = _Copied(a=_Copied(params=1))
    _add(known, {"a": {"flops": 2}, "b": {"params": 3}, "source": "text"})
    assert known == {"a": {"params": 1, "flops": 2}, "b": {"params": 3}, "source": "text"}
    items: dict[Any, Any] = _Copied()
    _add(items, [{"x": 1}, {"x": 2}])
    _add(items, [{"x": 2}, {"x": 3}])
    assert list(items.values()) == [{"x": 1}, {"x": 2}, {"x": 3}]
