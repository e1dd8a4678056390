"""Pages that are small but costly to read: the work, counted in calls, grows no faster than the page."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.index.claims import claims
from harness.index.entries import Index
from harness.index.files import NoFiles
from harness.index.page import page_from_text
from harness.index.reading.index import read_index
from harness.index.schema.violations import violations
from harness.project.files import FolderFiles
from harness.project.references import SHIPPED, load_references
from harness.rules.table import findings
from tests.conftest import faults_of, index_of

REFERENCES = load_references([SHIPPED])
START = "Type: model-index\nCollections:\n- Name: Net\nModels:\n"


def _models(number: int, fields: Callable[[int], str]) -> str:
    return START + "".join(f"- {{Name: m{index}, {fields(index)}}}\n" for index in range(number))


def _calls(text: str) -> int:
    """The calls of functions that reading a page and running the rules on it takes."""
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        index = read_index(page_from_text(text, "page.yml"), Path("none"))
        claims(index)
        findings([index], REFERENCES)
    finally:
        sys.setprofile(None)
    return calls


PAGES: dict[str, Callable[[int], str]] = {
    "models with one weights file": lambda n: _models(n, lambda _: "Weights: 'https://e.org/x-5c106cde.pth'"),
    "models with one ID": lambda n: _models(n, lambda i: f"Metadata: {{ID: same, Parameters: {(10 + i) * 10**6}}}"),
    "files named after other models": lambda n: _models(n, lambda i: f"Weights: 'https://e.org/m{(i + 1) % n}.pth'"),
    "a file with a long name": lambda n: _models(2, lambda _: f"Weights: 'https://e.org/{'a-' * n * 10}.pth'"),
    "a large family": lambda n: _models(
        n,
        lambda i: (
            f"In Collection: Net, Metadata: {{Parameters: {(1 + i) * 10**6}, FLOPs: {(1 + i) * 10**9}, File Size: 9}}, "
            f"Results: [{{Task: a, Dataset: d, Metrics: {{Top 1 Accuracy: {90 - i * 37 % 70}%}}}}]"
        ),
    ),
    "values of one kind": lambda n: _models(1, lambda _: f"Metadata: {{L: [{'{a: 1},' * n}]}}"),
    "collections with heirs": lambda n: (
        "Collections:\n"
        + "".join(f"- {{Name: c{i}, Metadata: {{Recipe: r}}}}\n" for i in range(n))
        + "Models:\n"
        + "".join(f"- {{Name: m{i}, In Collection: c{i}}}\n" for i in range(n))
    ),
    "nearly the name of a collection": lambda n: (
        "Collections:\n"
        + "".join(f"- Name: {'a' * 60}{i:05}\n" for i in range(n))
        + "Models:\n"
        + "".join(f"- {{Name: m{i}, In Collection: {'a' * 60}{i:05}b}}\n" for i in range(n))
    ),
}


@pytest.mark.parametrize("page", PAGES)
def test_work_is_linear(page: str) -> None:
    _calls(PAGES[page](10))  # caches and imports
    first, second = _calls(PAGES[page](150)), _calls(PAGES[page](300))
    assert second < 2.6 * first


def test_inherited_values_have_a_limit() -> None:
    text = "Collections:\n- Name: Net\n  Metadata:\n    Training Techniques: [{items}]\nModels:\n{models}"
    models = "".join(f"- {{Name: m{index}, In Collection: Net}}\n" for index in range(200))
    faults = faults_of(index_of_yaml(text.format(items="abcdefgh, " * 9000, models=models)))
    assert "characters that models inherit from collections, got more" in faults


def index_of_yaml(text: str) -> Index:
    """The index of a YAML page."""
    return read_index(page_from_text(text, "page.yml"), Path("none"), NoFiles())


def test_a_comment_that_aliases_repeat_is_kept_in_part() -> None:
    aliases = "*a, " * 100
    index = read_index(
        page_from_text(f"x: &a y   # {'c' * 9000}\nb: [{aliases}]\nModels: [{{Name: m}}]\n", "page.yml"),
        Path("none"),
    )
    assert len(index.values["x"].comment) == 500


def test_long_paths_count_as_values() -> None:
    deep = "".join(f"{{{'k' * 190}{level}: " for level in range(36))
    index = index_of_yaml(f"z: {deep}[{'1,' * 3000}]{'}' * 36}\nModels: [{{Name: m}}]\n")
    assert "at most 100000 values" in faults_of(index)


def test_searches_for_imports_have_a_limit_and_each_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("Name: n\n")
    listed = 0

    class Counted(FolderFiles):
        def listed(self, folder: str, *, deep: bool) -> list[str]:
            nonlocal listed
            listed += 1
            return list(FolderFiles.listed(self, folder, deep=deep))

    def read(patterns: list[str]) -> str:
        text = "Models:\n" + "".join(f"- '{pattern}'\n" for pattern in patterns)
        return faults_of(read_index(page_from_text(text, "page.yml"), tmp_path, Counted(tmp_path)))

    assert "each name once" in read(["*.yml"] * 500)
    assert listed == 1
    faults = read([f"{'?' * (index % 3)}*{'*' * index}.yml" for index in range(150)])
    assert "at most 100 folders and patterns" in faults
    assert listed <= 101


def test_unknown_keys_are_shown_in_part() -> None:
    schema = SHIPPED.parents[1] / "harness" / "project" / "schemas" / "records.schema.json"
    (violation,) = violations(schema, {"schema": 1, "records": []} | {f"k{number}": 1 for number in range(9999)})
    assert len(violation.found) < 200


def test_a_repeated_kind_has_numbers() -> None:
    page = "<!--\nType: model-index\nModels:\n- Name: m\n  Metadata: {L: [{a: 1}, {a: 2}, {a: 3}]}\n-->\n"
    values = index_of(page).models["m"].values
    assert [values[kind].raw for kind in ("l_a", "metadata_l_a", "metadata_l_a_2")] == ["1", "2", "3"]
