"""What each form of page declares, where imported values come from, and the limits of imports."""

import json
from pathlib import Path

import pytest

from harness.index.claim import Claim
from harness.index.claims import claims
from harness.index.edits.in_place import apply, editable, edits_of
from harness.index.edits.style import in_style
from harness.index.entries import Index
from harness.index.files import matching, same_answers
from harness.index.page import page_from_bytes, page_from_text, read_page
from harness.index.reading.index import read_index
from harness.project.files import FolderFiles
from tests.conftest import faults_of

PAGES = Path(__file__).parents[2] / "pages"


def _index(path: Path) -> Index:
    return read_index(read_page(path, path.name), Path("none"), FolderFiles(path.parent))


def _by_kind(index: Index, model: str | None) -> dict[str, Claim]:
    return {claim.kind: claim for claim in claims(index) if claim.model == model}


def _of(text: str, files: Path | None = None) -> Index:
    page = page_from_bytes(text.encode(), "page.yml")
    return read_index(page, Path("none"), *([FolderFiles(files)] if files else []))


def test_imported_values_have_locations_in_their_own_files() -> None:
    index = _index(PAGES / "good" / "imports.yml")
    assert list(index.models) == ["from-folder", "a", "from-markdown", "m1", "m2", "b"]
    places = {kind: str(claim.where) for kind, claim in _by_kind(index, "a").items()}
    assert places["flops"] == "parts/metadata.json:1:11"
    assert places["top_1_accuracy"] == "parts/results.json:1:88"
    assert places["dropout"] == "parts/collection.yml:4:23"
    assert places["in_collection"] == "imports.yml:6:18"
    assert _by_kind(index, "b")["epochs"].declared == "1"
    assert set(index.files) == {
        *("parts/collection.yml", "parts/metadata.json", "parts/results.json", "parts/model.md"),
        *("parts/deep/m1.yaml", "parts/deep/m2.yaml", "parts/deep/index.yaml"),
    }


def test_models_override_inherited_values_and_join_lists() -> None:
    index = _index(PAGES / "good" / "models-by-name.yml")
    one, two = (_by_kind(index, name) for name in index.models)
    assert (one["epochs"].declared, two["epochs"].declared) == ("300", "100")
    assert one["training_techniques"].items == ("SGD", "Mixup", "EMA")
    assert one["training_techniques"].where.line == 12
    assert two["training_techniques"].where.line == 5
    assert not {"collection_epochs", "epochs"} & _by_kind(index, None).keys()


def test_metadata_of_a_collection_without_heirs_is_a_claim_of_the_page() -> None:
    collections = "Collections:\n- Name: C\n  Metadata: {Epochs: 9, Layers: 3}\n"
    text = f"{collections}Models:\n- {{Name: a, In Collection: C, Metadata: {{Epochs: 8}}}}\n- Name: b\n"
    of_page = _by_kind(_of(text), None)
    assert of_page["collection_epochs"].declared == "9"
    assert str(of_page["collection_epochs"].where) == "page.yml:3:22"
    assert "collection_layers" not in of_page


def test_units_in_keys_and_comments_after_values() -> None:
    claims_of = _by_kind(_index(PAGES / "good" / "units.yml"), "a")
    assert claims_of["parameters"].quantity.value == 5_300_000
    assert claims_of["parameters"].quantity.step == 100_000
    assert (claims_of["flops"].quantity.value, claims_of["flops"].comment) == (4_100_000_000, "at 224")
    assert claims_of["file_size"].quantity.unit == "MiB"
    assert claims_of["metadata_weights"].declared == "my own"
    assert "weights" not in claims_of


def test_a_model_card() -> None:
    index = _index(PAGES / "good" / "model-card.md")
    of_model = _by_kind(index, "org/model.one")
    declared = {
        kind: of_model[kind].declared for kind in ("library", "task", "dataset", "dataset_type", "top_1_accuracy")
    }
    assert declared == {
        "library": "timm",
        "task": "Image Classification",
        "dataset": "ImageNet-1k",
        "dataset_type": "imagenet-1k",
        "top_1_accuracy": "78.03",
    }
    # Up to 1, a fraction and a percentage look alike, so the kind is the card's own.
    assert of_model["accuracy"].declared == "0.93"
    assert not of_model["accuracy"].quantity.percent
    assert len(index.models["org/model.one"].results) == 1
    assert _by_kind(index, None)["license"].declared == "mit"


@pytest.mark.parametrize("path", sorted((PAGES / "published").glob("*[!E].m*")), ids=lambda path: path.name)
def test_published_pages(path: Path) -> None:
    index = _index(path)
    assert len(index.models) == sum(line.lstrip(" -").startswith(("Name: ", "name: ")) for line in _model_lines(path))


def test_empty_fields_declare_nothing_and_several_weights_files_are_a_list() -> None:
    models = _index(PAGES / "good" / "left-empty.yml").models
    tracker, files = (
        models["tracker"],
        ("https://example.com/detector-1a2b3c4d.pth", "https://example.com/reid-5e6f7a8b.pth"),
    )
    assert set(tracker.values) == {"name", "in_collection", "architecture", "weights_files"}
    assert tracker.values["weights_files"].items == files
    assert set(tracker.results[0].values) == {"task", "mota"}
    assert models["detector"].text("weights") == files[0]


def _model_lines(path: Path) -> list[str]:
    lines = path.read_text("utf-8").split("\n")
    start = next(number for number, line in enumerate(lines) if line in {"Models:", "model-index:"})
    end = next((number for number, line in enumerate(lines) if number > start and line in {"---", "-->"}), len(lines))
    return [line for line in lines[start:end] if len(line) - len(line.lstrip()) <= 2]


def test_nothing_outside_the_root_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "out.yml").write_text("Models: [{Name: secret}]\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.yml").symlink_to(tmp_path / "out.yml")
    assert "a path that leads out of the project" in faults_of(_of("Import: link.yml\n", root))
    (root / "folder").symlink_to(tmp_path)
    for path in ("folder", "folder/*.yml"):
        assert "got nothing called" in faults_of(_of(f"Import: {path}\n", root))


def test_a_page_outside_the_project_imports_from_its_own_folder_only(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("Models: [{Name: a}]\n")
    files = FolderFiles(tmp_path, tmp_path.as_posix())
    index = read_index(page_from_text("Import: a.yml\n", f"{tmp_path}/b.yml"), Path("none"), files)
    assert index.files == (f"{tmp_path}/a.yml",)
    index = read_index(page_from_text("Import: ../a.yml\n", f"{tmp_path}/b.yml"), Path("none"), files)
    assert "inside the project" in faults_of(index)


def test_imports_are_limited(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.yml").write_text(f"Import: {json.dumps([f'{number + 1}.yml'] * 10)}\n")
    assert "at most 2000 imported files" in faults_of(_of("Import: 0.yml\n", tmp_path))
    for number in range(30):
        (tmp_path / f"{number}.yml").write_text(f"Import: {number + 1}.yml\n")
    assert "at most 20 levels of imports" in faults_of(_of("Import: 0.yml\n", tmp_path))


def test_recorded_answers_change_with_files(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("Models: [{Name: a, README: docs/a.md}]\n")
    files = FolderFiles(tmp_path)
    asked = _of("Import: '*.yml'\n", tmp_path).consulted
    assert same_answers(files, asked)
    (tmp_path / "b.yml").write_text("Models: [{Name: b}]\n")
    assert not same_answers(files, asked)
    asked = _of("Import: '*.yml'\n", tmp_path).consulted
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("text")
    assert not same_answers(files, asked)


def test_readmes(tmp_path: Path) -> None:
    def found(readme: str) -> list[tuple[str | None, bool]]:
        return [
            (named.file, named.folder) for named in _of(f"Models: [{{Name: a, README: {readme}}}]\n", tmp_path).readmes
        ]

    (tmp_path / "a.md").write_text("text")
    assert found("a.md") == [("a.md", True)]
    assert found("b.md") == [(None, True)]
    assert found("configs/a.md") == [(None, False)]
    assert found("just text") == []


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.yml", ["a.yml"]),
        ("**/*.yml", ["a.yml", "x/b.yml", "x/y/c.yml"]),
        ("x/**", ["x/b.yml", "x/y/c.yml"]),
        ("x/?/c.*", ["x/y/c.yml"]),
        ("[x-z]/[!c]*", ["x/b.yml"]),
        ("**/**/**/**/**/**/**/**/**/**/none", []),
        ("[z-a]*", []),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, names: list[str]) -> None:
    for name in ("a.yml", "x/b.yml", "x/y/c.yml", ".hidden/d.yml", "node_modules/e.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert matching(FolderFiles(tmp_path), pattern) == names


@pytest.mark.parametrize(
    ("declared", "value", "exact", "written"),
    [
        ("3.17M", "3162996", False, "3.16M"),
        ("3.17 M", "3162996", True, "3.162996 M"),
        ("0.3 GMACs", "199514080", False, "0.2 GMACs"),
        ("1,234,567", "2345678", False, "2,345,678"),
        ("1_234_567", "2345678", False, "2_345_678"),
        ("16.0 MiB", "17616076", False, "16.8 MiB"),
    ],
)
def test_values_keep_their_units_and_separators(declared: str, value: str, *, exact: bool, written: str) -> None:
    assert in_style(declared, value, exact=exact) == written


@pytest.mark.parametrize(
    ("text", "kind", "values", "after"),
    [
        ('{"Models": [{"Name": "a", "Metadata": {"FLOPs": 3}}]}', "flops", ["4"], '"FLOPs": 4}'),
        ('{"Models": [{"Name": "a", "Metadata": {"ID": "x"}}]}', "id", ['é"'], '"ID": "é\\""}'),
        ('{"Models": [{"Name": "a", "Metadata": {"Tasks": ["A"]}}]}', "tasks", ["A", "B"], '"Tasks": ["A", "B"]}'),
    ],
)
def test_json_stays_json(text: str, kind: str, values: list[str], after: str) -> None:
    page = page_from_text(text, "page.json")
    claim = next(claim for claim in claims(read_index(page, Path("none"))) if claim.kind == kind)
    edited = apply(text, edits_of(editable(page), claim, values))
    assert after in edited
    json.loads(edited)


def test_other_keys_never_replace_standard_ones() -> None:
    text = "Models:\n- {Name: a, Metadata: {Name: b, Depth: 3, Top 1 Accuracy: 5, x-y: 1, x y: 2, 层: 1}}\n"
    found = {kind: claim.declared for kind, claim in _by_kind(_of(text), "a").items()}
    assert found == {
        "name": "a",
        "metadata_name": "b",
        "metadata_depth": "3",
        "metadata_top_1_accuracy": "5",
        "x_y": "1",
        "metadata_x_y": "2",
        "field": "1",
    }
