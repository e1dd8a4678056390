"""What a change affects: exactly the claims whose verdicts can be others, read from git and by meaning."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.checks import CHECKS
from harness.checks.shared.reads import READINGS
from harness.commands.changed import changes_since
from harness.index.faults import PageError
from harness.project.project import find_project
from harness.project.resources import Resources
from harness.system.git import RepositoryError
from tests.conftest import MODELS, ROOT, page_text
from tests.repositories import committed, git

Affected = set[tuple[str | None, str]]

MEASURED = {"weights", "file_size", "top_1_accuracy", "top_5_accuracy"}
CONDITIONS = {"image_size", "crop_pct", "interpolation"}


def _page(project: Path) -> Path:
    return project / "modelindex" / "regnety.md"


def _affected(project: Path, resources: Resources | None = None, base: str = "HEAD") -> Affected:
    found = find_project(project, ())
    changes = changes_since(found, resources or found.resources, base)
    assert all(one.why for one in changes.affected)
    return {(one.claim.model, one.claim.kind) for one in changes.affected}


def _edited(project: Path, *edits: tuple[str, str]) -> Affected:
    """What the edits of the page affect."""
    committed(project)
    text = page_text()
    for before, after in edits:
        assert before in text
        text = text.replace(before, after, 1)
    _page(project).write_text(text, "utf-8")
    return _affected(project)


def _of(model: str, kinds: set[str]) -> Affected:
    return {(model, kind) for kind in kinds}


def _folders(parent: Path) -> tuple[Path, Path]:
    """Empty folders for weights and images."""
    folders = parent / "weights", parent / "images"
    for folder in folders:
        folder.mkdir()
    return folders


def _entry(name: str) -> str:
    """The lines of a model's entry."""
    lines = page_text().split("\n")
    start = lines.index(f"- Name: {name}")
    ends = [number for number, line in enumerate(lines) if number > start and line.startswith(("- Name:", "-->"))]
    return "\n".join(lines[start : ends[0]]) + "\n"


def test_every_check_says_what_it_reads() -> None:
    assert {name for check in CHECKS.values() for name in check.READS} <= READINGS.keys()


@pytest.mark.parametrize(
    ("edits", "affected"),
    [
        ([("FLOPs: 255754236", "FLOPs: 255754237")], _of("regnety_002", {"flops"})),
        ([("regnety_002-e68ca334", "regnety_002-e68ca335")], _of("regnety_002", MEASURED)),
        (
            [("Image Size: '224'", "Image Size: '256'")],
            _of("regnety_002", {"flops", "top_1_accuracy", "top_5_accuracy"} | CONDITIONS),
        ),
        (
            [("Top 1 Accuracy: 70.28%", "Top 1 Accuracy: 70.29%")],
            _of("regnety_002", {"top_1_accuracy", "top_5_accuracy"}),
        ),
        ([("Epochs: 100", "Epochs: 101")], _of("regnety_002", {"epochs"})),
        ([("    - ReLU\n", "    - ReLU\n    - Swish\n")], _of("regnety_002", {"architecture"})),
        # The same by meaning: text, key order, order of tags, quotes, comments, line ends.
        ([("For **RegNetY** authors", "For **RegNetY** the authors")], set()),
        ([("    Epochs: 100\n    Crop Pct: '0.875'\n", "    Crop Pct: '0.875'\n    Epochs: 100\n")], set()),
        (
            [("    - ReLU\n    - Squeeze-and-Excitation Block\n", "    - Squeeze-and-Excitation Block\n    - ReLU\n")],
            set(),
        ),
        ([("Image Size: '224'", "Image Size: 224  # pixels")], set()),
        ([("## Citation\n", "## A heading\n\nMore text.\n\n## Citation\n")], set()),
        ([("Epochs: 100", "Epochs:   100\r")], set()),
        # A formula is a claim of the page; the one that was there is known by what it says.
        ([(r"$12 \leq d \leq 28$", r"$12 \leq d \leq 29$")], {(None, "depth")}),
    ],
)
def test_exactly_what_an_edit_affects(project: Path, edits: list[tuple[str, str]], affected: Affected) -> None:
    assert _edited(project, *edits) == affected


def test_weights_of_another_recipe_affect_what_depends_on_the_recipe(project: Path) -> None:
    found = _edited(project, ("regnety_002-e68ca334", "regnety_002_ra-e68ca334"))
    recipe = {"epochs", "batch_size", "momentum", "weight_decay", "training_techniques", "training_resources"}
    assert found == _of("regnety_002", MEASURED | CONDITIONS | recipe | {"training_data", "create_model"})


def test_weights_that_another_model_names_affect_that_model_too(project: Path) -> None:
    found = _edited(project, ("regnety_002-e68ca334", "regnety_002-0db870e6"))
    assert ("regnety_004", "weights") in found
    assert not any(model not in {"regnety_002", "regnety_004"} for model, _ in found)


def test_a_figure_out_of_line_affects_the_models_that_it_is_out_of_line_with(project: Path) -> None:
    found = _edited(project, ("Top 1 Accuracy: 70.28%", "Top 1 Accuracy: 75.28%"))
    assert ("regnety_004", "top_1_accuracy") in found
    assert ("regnety_320", "top_5_accuracy") not in found


@pytest.mark.parametrize(
    ("edit", "affected"),
    [
        # Blanks are part of a text, and a text that is a list of one says the same.
        (("ID: regnety_002", 'ID: "regnety_002 "'), ("regnety_002", "id")),
        (("    Tasks:\n    - Image Classification\n", "    Tasks: Image Classification\n"), None),
        # Relations of the prose are those of a collection's paper.
        (("- Name: RegNetY\n  Paper", "- Name: RegNetZ\n  Paper"), (None, "width_multiplier")),
        (("- Name: RegNetY\n  Paper", "- Name: RegNet\n- Name: RegNetY\n  Paper"), ("regnety_004", "in_collection")),
    ],
)
def test_what_testers_found(project: Path, edit: tuple[str, str], affected: tuple[str | None, str] | None) -> None:
    text = page_text().replace(edit[0], edit[1], 1)
    if "RegNetZ" in text:
        text = text.replace("In Collection: RegNetY", "In Collection: RegNetZ")
    committed(project)
    _page(project).write_text(text, "utf-8")
    found = _affected(project)
    assert (affected in found) if affected else (found == set())
    assert ("regnety_004", "name") not in found


def test_a_collection_that_fits_no_model_affects_none(project: Path) -> None:
    edit = ("- Name: RegNetY\n  Paper", "- Name: Other\n- Name: RegNetY\n  Paper")
    assert _edited(project, edit) == {(None, "collection_name")}


def test_a_model_that_a_weights_file_is_named_after_affects_the_claim_of_that_file(project: Path) -> None:
    text = page_text().replace("regnety_002-e68ca334", "regnety_0045-e68ca334")
    _page(project).write_text(text, "utf-8")
    committed(project)
    new = _entry("regnety_004").replace("regnety_004", "regnety_0045")
    _page(project).write_text(text.replace("\n-->", f"\n{new.rstrip()}\n-->"), "utf-8")
    assert ("regnety_002", "weights") in _affected(project)


def test_weights_that_are_not_here_any_more(project: Path, tmp_path: Path) -> None:
    committed(project)
    weights, images = _folders(tmp_path)
    (weights / "regnety_002-e68ca334.pth").write_bytes(b"")
    _page(project).write_text(page_text().replace("regnety_002-e68ca334", "regnety_002-e68ca335"), "utf-8")
    found = _affected(project, Resources(project, weights=weights, images={"ImageNet-1k": images}))
    assert found == _of("regnety_002", MEASURED | {"parameters", "dataset"} | CONDITIONS)


def test_models_moved_are_not_affected(project: Path) -> None:
    committed(project)
    first, second = _entry("regnety_002"), _entry("regnety_004")
    _page(project).write_text(page_text().replace(first + second, second + first), "utf-8")
    assert _affected(project) == set()


def test_a_renamed_model_is_affected_whole(project: Path) -> None:
    committed(project)
    _page(project).write_text(page_text().replace("Name: regnety_320", "Name: regnety_321"), "utf-8")
    found = _affected(project)
    kinds = {kind for model, kind in found if model == "regnety_321"}
    assert {"name", "id", "flops", "weights", "epochs", "top_5_accuracy"} <= kinds
    assert {model for model, _ in found} == {"regnety_321", None}  # the prose is about all models of the page
    changes = changes_since(find_project(project, ()), Resources(), "HEAD")
    assert {one.why for one in changes.affected if one.claim.model} == {("the model was called regnety_320",)}


def test_a_model_removed_affects_what_is_about_all_models(project: Path) -> None:
    committed(project)
    _page(project).write_text(page_text().replace(_entry("regnety_320"), ""), "utf-8")
    assert {model for model, _ in _affected(project)} == {None}


def test_what_is_measured_here_is_affected_by_what_it_is_measured_from(project: Path, tmp_path: Path) -> None:
    committed(project)
    weights, images = _folders(tmp_path)
    (weights / "regnety_002-e68ca335.pth").write_bytes(b"")
    text = page_text().replace("regnety_002-e68ca334", "regnety_002-e68ca335")
    _page(project).write_text(text, "utf-8")
    with_file = _affected(project, Resources(project, weights=weights))
    assert with_file == _of("regnety_002", MEASURED | {"parameters"})
    with_images = _affected(project, Resources(project, weights=weights, images={"ImageNet-1k": images}))
    assert with_images == _of("regnety_002", MEASURED | {"parameters", "dataset"} | CONDITIONS)


def test_weights_beside_the_page_that_are_others(tmp_path: Path) -> None:
    modelindex = tmp_path / "modelindex"
    modelindex.mkdir()
    for name in ("canary.md", "regnety_canary-9854fe73.pth"):
        (modelindex / name).write_bytes((ROOT / "modelindex" / "canary" / name).read_bytes())
    (modelindex / "verify.toml").write_text('pages = ["canary.md"]')
    committed(tmp_path)
    assert _affected(tmp_path) == set()
    images = Resources(tmp_path, images={"Digits": tmp_path})
    text = (modelindex / "canary.md").read_text("utf-8")
    (modelindex / "canary.md").write_text(text.replace("9854fe73", "9854fe74"), "utf-8")
    assert _affected(tmp_path, images) == _of("regnety_canary", MEASURED | CONDITIONS | {"dataset", "parameters"})
    (modelindex / "canary.md").write_text(text, "utf-8")
    (modelindex / ".abcd.tmp").write_bytes(b"")
    with (modelindex / "regnety_canary-9854fe73.pth").open("ab") as file:
        file.write(b"more")
    found = _affected(tmp_path)
    assert ("regnety_canary", "weights") in found
    assert ("regnety_canary", "flops") not in found


def test_weights_beside_a_page_at_the_root(tmp_path: Path) -> None:
    for name in ("canary.md", "regnety_canary-9854fe73.pth"):
        (tmp_path / name).write_bytes((ROOT / "modelindex" / "canary" / name).read_bytes())
    committed(tmp_path)
    with (tmp_path / "regnety_canary-9854fe73.pth").open("ab") as file:
        file.write(b"more")
    found = find_project(tmp_path, (Path("canary.md"),))
    changes = changes_since(found, found.resources, "HEAD")
    assert "weights" in {one.claim.kind for one in changes.affected}


def test_a_new_page_is_affected_whole(project: Path) -> None:
    committed(project)
    (project / "modelindex" / "new.md").write_text("<!--\nType: model-index\nModels:\n- Name: a\n-->\n")
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md", "new.md"]')
    changes = changes_since(find_project(project, ()), Resources(), "HEAD")
    why = {one.claim.kind: one.why for one in changes.affected if one.claim.page == "modelindex/new.md"}
    assert why == dict.fromkeys(("type", "text", "name"), ("the page is new since HEAD",))


def test_a_page_that_could_not_be_read_is_affected_whole(project: Path) -> None:
    _page(project).write_text("no index", "utf-8")
    committed(project)
    _page(project).write_text(page_text(), "utf-8")
    assert {model for model, _ in _affected(project)} == {None, *MODELS}


def test_faults_of_both_sides_are_told(project: Path) -> None:
    _page(project).write_text("no index", "utf-8")
    committed(project)
    with pytest.raises(PageError) as raised:
        _affected(project)
    assert "HEAD:modelindex/regnety.md:1:1" in str(raised.value)
    assert "\nmodelindex/regnety.md:1:1" in str(raised.value)


def test_a_project_below_the_root_of_its_repository(project: Path) -> None:
    (project.parent / "modelindex").mkdir()
    (project.parent / "modelindex" / "of-another").write_text("")
    committed(project.parent)
    (project.parent / "modelindex" / "of-another").write_text("changed")
    _page(project).write_text(page_text().replace("Epochs: 100", "Epochs: 101", 1), "utf-8")
    assert _affected(project) == {("regnety_002", "epochs")}


def test_imports_are_compared_at_both_states(tmp_path: Path) -> None:
    """What an imported file changes is what it says otherwise; one that is new affects its models."""
    folder = tmp_path / "modelindex"
    (folder / "parts").mkdir(parents=True)
    (folder / "verify.toml").write_text('pages = ["*.yml"]\n')
    (folder / "index.yml").write_text("Import: parts/**/*.yml\nModels:\n- {Name: a, Metadata: parts/a.json}\n")
    (folder / "parts" / "a.json").write_text('{"FLOPs": 1, "Epochs": 2}')
    (folder / "parts" / "c.yml").write_text("Models: [{Name: c}]\n")
    committed(tmp_path)
    assert _affected(tmp_path) == set()
    (folder / "parts" / "a.json").write_text('{"Epochs": 2,  "FLOPs": 3}')
    assert _affected(tmp_path) == {("a", "flops")}
    (folder / "parts" / "b.yml").write_text("Models: [{Name: b}]\n")
    assert ("b", "name") in _affected(tmp_path)
    assert ("a", "epochs") not in _affected(tmp_path)


def test_a_builder_of_the_projects_own_affects_all_claims(tmp_path: Path) -> None:
    """Python that no builder can import is nobody's."""
    (tmp_path / "modelindex").mkdir()
    (tmp_path / "modelindex" / "page.yml").write_text("Models: [{Name: a, Metadata: {Epochs: 2}}]\n")
    (tmp_path / "modelindex" / "verify.toml").write_text('pages = ["page.yml"]\n')
    (tmp_path / "nets.py").write_text("build = None\n")
    committed(tmp_path)
    (tmp_path / "nets.py").write_text("build = print\n")
    assert _affected(tmp_path) == set()
    (tmp_path / "modelindex" / "verify.toml").write_text('pages = ["page.yml"]\n[builders]\na = "nets:build"\n')
    git(tmp_path, "add", "modelindex")
    git(tmp_path, "commit", "--quiet", "--message", "named")
    assert {("a", "name"), ("a", "epochs")} <= _affected(tmp_path)


def test_another_library_affects_what_the_page_says_of_all_networks(project: Path) -> None:
    found = _edited(project, ("Metadata:\n", "Metadata:\n    Library: timm\n"))
    assert {(None, "depth"), (None, "block"), ("regnety_002", "flops"), ("regnety_002", "library")} <= found
    assert not found & {(None, "paper_title"), ("regnety_004", "flops")}


def test_files_beside_the_pages_affect_all_claims(project: Path) -> None:
    committed(project)
    (project / "modelindex" / "references").mkdir()
    (project / "modelindex" / "references" / "mine.json").write_text("{}")
    changes = changes_since(find_project(project, ()), Resources(), "HEAD")
    assert len(changes.affected) == len(changes.claims) == 314
    assert {one.why for one in changes.affected} == {("modelindex/references/mine.json changed",)}


def _deleted(project: Path) -> None:
    (project / "modelindex" / "other.md").unlink()
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md"]')


def _renamed(project: Path) -> None:
    (project / "modelindex" / "other.md").rename(project / "modelindex" / "another.md")
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md", "another.md"]')


@pytest.mark.parametrize(
    ("change", "told"),
    [(_deleted, "got none for modelindex/other.md:"), (_renamed, "renamed to modelindex/another.md?")],
)
def test_a_page_that_is_gone(project: Path, change: Callable[[Path], None], told: str) -> None:
    (project / "modelindex" / "other.md").write_text("<!--\nType: model-index\nModels:\n- Name: a\n-->\n")
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md", "other.md"]')
    committed(project)
    change(project)
    with pytest.raises(RepositoryError) as raised:
        _affected(project)
    assert told in str(raised.value)


@pytest.mark.parametrize("reference", ["--output=x", "-", "nothing", "HEAD~9", "HEAD:modelindex", "", "a\nb"])
def test_references_that_are_no_commit(project: Path, reference: str) -> None:
    committed(project)
    with pytest.raises(RepositoryError, match="expected a commit as base"):
        _affected(project, base=reference)
    assert not (project / "x").exists()


def test_a_page_of_another_folder_that_is_gone(project: Path) -> None:
    (project / "docs").mkdir()
    (project / "docs" / "other.md").write_text("<!--\nType: model-index\nModels:\n- Name: a\n-->\n")
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md", "../docs/other.md"]')
    committed(project)
    assert _affected(project) == set()
    (project / "docs" / "other.md").unlink()
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md"]')
    with pytest.raises(RepositoryError, match=r"got none for docs/other\.md"):
        _affected(project)


def test_what_git_cannot_tell_is_no_unchanged_page(project: Path) -> None:
    committed(project)
    index = project / ".git" / "index"
    whole = index.read_bytes()
    index.write_bytes(b"junk")
    with pytest.raises(RepositoryError, match="expected git to list the changes"):
        _affected(project)
    index.write_bytes(whole)
    name = git(project, "rev-parse", "HEAD:modelindex/regnety.md")
    (project / ".git" / "objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(RepositoryError, match="this repository lacks the object"):
        _affected(project)


def test_a_shallow_clone_says_how_to_get_the_base(project: Path, tmp_path: Path) -> None:
    first = committed(project)
    committed(project)
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth", "1", project.as_uri(), str(shallow))
    with pytest.raises(RepositoryError, match="fetch-depth: 0"):
        _affected(shallow, base=first)


def test_no_repository(project: Path) -> None:
    with pytest.raises(RepositoryError, match="expected a folder in a git checkout, got: fatal: not a git repository"):
        _affected(project)


def test_a_hook_of_another_repository_leads_nowhere_else(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(project)
    other = tmp_path / "other"
    other.mkdir()
    committed(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert _affected(project) == set()
