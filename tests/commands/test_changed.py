"""The claims that a change affects: every claim whose verdict can differ, and few others."""

import json
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harness.commands.changed import changes_since
from harness.evaluate.run.progress import Progress
from harness.index.claims import claims
from harness.project.project import find_project
from harness.system.git import RepositoryError
from harness.verify.run import verify as verify_pages
from harness.verify.selection import Selection
from tests.conftest import MODELS, ROOT, index_of, page_text
from tests.repositories import committed, git

Affected = set[tuple[str | None, str]]
Verify = Callable[..., subprocess.CompletedProcess[str]]

# These kinds are judged by evaluating images.
EXPENSIVE = {"top_1_accuracy", "top_5_accuracy", "image_size", "crop_pct", "interpolation", "dataset"}


def _page(project: Path) -> Path:
    return project / "modelindex" / "regnety.md"


def _affected(project: Path, base: str = "HEAD") -> Affected:
    changes = changes_since(find_project(project, ()), base)
    assert all(item.why for item in changes.affected)
    return {(item.claim.model, item.claim.kind) for item in changes.affected}


def _edited(project: Path, *edits: tuple[str, str]) -> Affected:
    """What the edits of the page affect."""
    committed(project)
    text = page_text()
    for before, after in edits:
        assert before in text
        text = text.replace(before, after, 1)
    _page(project).write_text(text, "utf-8")
    return _affected(project)


@cache
def _claims_of(model: str) -> Affected:
    return {(claim.model, claim.kind) for claim in claims(index_of(page_text())) if claim.model == model}


def _cheap(model: str) -> Affected:
    return {(model, kind) for _, kind in _claims_of(model) if kind not in EXPENSIVE}


def _entry(name: str) -> str:
    """The lines of a model's entry."""
    lines = page_text().split("\n")
    start = lines.index(f"- Name: {name}")
    ends = [number for number, line in enumerate(lines) if number > start and line.startswith(("- Name:", "-->"))]
    return "\n".join(lines[start : ends[0]]) + "\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FLOPs: 255754236", "FLOPs: 255754237"),
        ("Epochs: 100", "Epochs: 101"),
        ("    - ReLU\n", "    - ReLU\n    - Swish\n"),
        ("ID: regnety_002", 'ID: "regnety_002 "'),  # blanks are part of a text
    ],
)
def test_a_changed_entry_affects_the_cheap_claims_of_its_model(project: Path, before: str, after: str) -> None:
    assert _edited(project, (before, after)) == _cheap("regnety_002")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("regnety_002-e68ca334", "regnety_002-e68ca335"),
        ("Crop Pct: '0.875'", "Crop Pct: '0.9'"),
        ("Interpolation: bicubic", "Interpolation: bilinear"),
        ("Top 1 Accuracy: 70.28%", "Top 1 Accuracy: 70.29%"),
        ("Dataset: ImageNet", "Dataset: ImageNet-1k"),
    ],
)
def test_a_changed_input_of_the_evaluation_affects_the_expensive_claims_too(
    project: Path, before: str, after: str
) -> None:
    assert _edited(project, (before, after)) == _claims_of("regnety_002")


def test_the_image_size_affects_claims_of_the_page_too(project: Path) -> None:
    found = _edited(project, ("Image Size: '224'", "Image Size: '256'"))
    assert found >= _claims_of("regnety_002")
    assert {model for model, _ in found} == {"regnety_002", None}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("For **RegNetY** authors", "For **RegNetY** the authors"),
        ("    Epochs: 100\n    Crop Pct: '0.875'\n", "    Crop Pct: '0.875'\n    Epochs: 100\n"),
        ("    - ReLU\n    - Squeeze-and-Excitation Block\n", "    - Squeeze-and-Excitation Block\n    - ReLU\n"),
        ("Image Size: '224'", "Image Size: 224  # pixels"),
        ("## Citation\n", "## A heading\n\nMore text.\n\n## Citation\n"),
        ("Epochs: 100", "Epochs:   100\r"),
        ("    Tasks:\n    - Image Classification\n", "    Tasks: Image Classification\n"),
    ],
)
def test_the_same_by_meaning_affects_nothing(project: Path, before: str, after: str) -> None:
    assert _edited(project, (before, after)) == set()


def test_a_changed_formula_affects_its_claim(project: Path) -> None:
    assert _edited(project, (r"$12 \leq d \leq 28$", r"$12 \leq d \leq 29$")) == {(None, "depth")}


def test_weights_that_another_model_names_affect_that_model_too(project: Path) -> None:
    found = _edited(project, ("regnety_002-e68ca334", "regnety_002-0db870e6"))
    assert ("regnety_004", "weights") in found
    assert not any(model not in {"regnety_002", "regnety_004"} for model, _ in found)


def test_an_implausible_accuracy_affects_the_models_that_it_contradicts(project: Path) -> None:
    found = _edited(project, ("Top 1 Accuracy: 70.28%", "Top 1 Accuracy: 75.28%"))
    assert ("regnety_004", "top_1_accuracy") in found
    assert ("regnety_320", "top_5_accuracy") not in found


@pytest.mark.parametrize(
    ("edit", "affected"),
    [
        # Relations of the prose are those of a collection's paper.
        (("- Name: RegNetY\n  Paper", "- Name: RegNetZ\n  Paper"), (None, "width_multiplier")),
        (("- Name: RegNetY\n  Paper", "- Name: RegNet\n- Name: RegNetY\n  Paper"), ("regnety_004", "in_collection")),
    ],
)
def test_a_changed_collection_affects_what_depends_on_collections(
    project: Path, edit: tuple[str, str], affected: tuple[str | None, str]
) -> None:
    text = page_text().replace(edit[0], edit[1], 1)
    if "RegNetZ" in text:
        text = text.replace("In Collection: RegNetY", "In Collection: RegNetZ")
    committed(project)
    _page(project).write_text(text, "utf-8")
    found = _affected(project)
    assert affected in found
    assert not any(kind.startswith("top_") for _, kind in found)


def test_a_renamed_collection_affects_its_models(project: Path) -> None:
    """Their entries still name the old collection, which is no longer on the page."""
    found = _edited(project, ("- Name: RegNetY\n  Paper", "- Name: Backbones\n  Paper"))
    assert {(model, "in_collection") for model in MODELS} <= found
    assert ("regnety_002", "flops") in found
    assert ("regnety_002", "top_1_accuracy") not in found


def test_a_collection_without_models_affects_no_accuracy(project: Path) -> None:
    found = _edited(project, ("- Name: RegNetY\n  Paper", "- Name: Other\n- Name: RegNetY\n  Paper"))
    assert (None, "collection_name") in found
    assert {kind for model, kind in found if model} == {"in_collection"}


def test_a_model_that_a_weights_file_is_named_after_affects_the_claim_of_that_file(project: Path) -> None:
    text = page_text().replace("regnety_002-e68ca334", "regnety_0045-e68ca334")
    _page(project).write_text(text, "utf-8")
    committed(project)
    new = _entry("regnety_004").replace("regnety_004", "regnety_0045")
    _page(project).write_text(text.replace("\n-->", f"\n{new.rstrip()}\n-->"), "utf-8")
    assert ("regnety_002", "weights") in _affected(project)


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
    # The prose is about all models of the page, and collections are compared with the names of all.
    assert {(model, kind) for model, kind in found if model in MODELS} == {(m, "in_collection") for m in MODELS[:-1]}
    changes = changes_since(find_project(project, ()), "HEAD")
    why = {item.why[0] for item in changes.affected if item.claim.model == "regnety_321"}
    assert why == {"the model was called regnety_320"}


def test_a_model_removed_affects_what_is_about_all_models(project: Path) -> None:
    committed(project)
    _page(project).write_text(page_text().replace(_entry("regnety_320"), ""), "utf-8")
    found = _affected(project)
    assert None in {model for model, _ in found}
    assert {kind for model, kind in found if model} == {"in_collection"}


def test_changed_weights_beside_the_page(tmp_path: Path) -> None:
    modelindex = tmp_path / "modelindex"
    modelindex.mkdir()
    for name in ("canary.md", "regnety_canary-9854fe73.pth"):
        (modelindex / name).write_bytes((ROOT / "modelindex" / "canary" / name).read_bytes())
    (modelindex / "verify.toml").write_text('pages = ["canary.md"]')
    committed(tmp_path)
    assert _affected(tmp_path) == set()
    text = (modelindex / "canary.md").read_text("utf-8")
    (modelindex / "canary.md").write_text(text.replace("9854fe73", "9854fe74"), "utf-8")
    assert {("regnety_canary", kind) for kind in (*EXPENSIVE, "weights", "parameters")} <= _affected(tmp_path)
    (modelindex / "canary.md").write_text(text, "utf-8")
    (modelindex / ".abcd.tmp").write_bytes(b"")
    with (modelindex / "regnety_canary-9854fe73.pth").open("ab") as file:
        file.write(b"more")
    found = _affected(tmp_path)
    assert ("regnety_canary", "weights") in found
    assert ("regnety_canary", "top_1_accuracy") in found
    assert None not in {model for model, _ in found}


def test_weights_beside_a_page_at_the_root(tmp_path: Path) -> None:
    for name in ("canary.md", "regnety_canary-9854fe73.pth"):
        (tmp_path / name).write_bytes((ROOT / "modelindex" / "canary" / name).read_bytes())
    committed(tmp_path)
    with (tmp_path / "regnety_canary-9854fe73.pth").open("ab") as file:
        file.write(b"more")
    found = find_project(tmp_path, (Path("canary.md"),))
    changes = changes_since(found, "HEAD")
    assert "weights" in {item.claim.kind for item in changes.affected}


def test_a_new_page_is_affected_whole(project: Path) -> None:
    committed(project)
    (project / "modelindex" / "new.md").write_text("<!--\nType: model-index\nModels:\n- Name: a\n-->\n")
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md", "new.md"]')
    changes = changes_since(find_project(project, ()), "HEAD")
    why = {item.claim.kind: item.why for item in changes.affected if item.claim.page == "modelindex/new.md"}
    assert why == dict.fromkeys(("text", "name"), ("the page is new since HEAD",))


def test_a_page_that_could_not_be_read_is_affected_whole(project: Path) -> None:
    _page(project).write_text("no index", "utf-8")
    committed(project)
    _page(project).write_text(page_text(), "utf-8")
    assert {model for model, _ in _affected(project)} == {None, *MODELS}


def test_a_page_that_cannot_be_read_is_always_affected(project: Path) -> None:
    _page(project).write_text("no index", "utf-8")
    committed(project)
    (item,) = changes_since(find_project(project, ()), "HEAD").affected
    assert (item.claim.kind, item.why) == ("page", ("the page could not be read at HEAD",))


def test_a_project_below_the_root_of_its_repository(project: Path) -> None:
    (project.parent / "modelindex").mkdir()
    (project.parent / "modelindex" / "of-another").write_text("")
    committed(project.parent)
    (project.parent / "modelindex" / "of-another").write_text("changed")
    _page(project).write_text(page_text().replace("Epochs: 100", "Epochs: 101", 1), "utf-8")
    assert _affected(project) == _cheap("regnety_002")


def test_imports_are_compared_at_both_states(tmp_path: Path) -> None:
    """An imported file is compared by what it declares; a new one affects its models."""
    folder = tmp_path / "modelindex"
    (folder / "parts").mkdir(parents=True)
    (folder / "verify.toml").write_text('pages = ["*.yml"]\n')
    (folder / "index.yml").write_text("Import: parts/**/*.yml\nModels:\n- {Name: a, Metadata: parts/a.json}\n")
    (folder / "parts" / "a.json").write_text('{"FLOPs": 1, "Epochs": 2}')
    (folder / "parts" / "c.yml").write_text("Models: [{Name: c}]\n")
    committed(tmp_path)
    assert _affected(tmp_path) == set()
    (folder / "parts" / "a.json").write_text('{"Epochs": 2,  "FLOPs": 3}')
    assert _affected(tmp_path) == {("a", "flops"), ("a", "name"), ("a", "epochs")}
    (folder / "parts" / "b.yml").write_text("Models: [{Name: b}]\n")
    assert ("b", "name") in _affected(tmp_path)
    assert ("c", "name") not in _affected(tmp_path)


def test_a_custom_builder_affects_all_claims(tmp_path: Path) -> None:
    """Without builders, Python files affect nothing."""
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


def test_builders_of_a_change_do_not_run(verify: Verify, tmp_path: Path) -> None:
    """Only the builders of the commit may run, if they are trusted; unless the user allows the others."""
    folder = tmp_path / "checkout"
    settings, page = folder / "modelindex" / "verify.toml", folder / "modelindex" / "page.yml"
    settings.parent.mkdir(parents=True)
    page.write_text("Models: [{Name: a, Metadata: {Parameters: 16}}]\n")
    settings.write_text('pages = ["page.yml"]\n[builders]\na = "nets:build"\n')
    (folder / "nets.py").write_text("from torch import nn\n\n\ndef build(name):\n    return nn.Linear(3, 4)\n")
    (folder / "evil.py").write_text("raise SystemExit('it ran')\n")
    user = {"VERIFY_ALLOW_BUILDERS": "", "XDG_DATA_HOME": str(tmp_path / "data")}
    verify("trust", cwd=folder, **user)
    committed(folder)
    page.write_text("Models: [{Name: a, Metadata: {Parameters: 16, Epochs: 2}}]\n")
    settings.write_text('pages = ["page.yml"]\n[builders]\n"*" = "evil:build"\n')
    verify("trust", cwd=folder, **user)

    def changed(*options: str) -> tuple[str, str]:
        run = verify("changed", *options, "--claim", "parameters", "--format", "json", cwd=folder, **user)
        (claim,) = json.loads(run.stdout)["claims"]
        return claim["status"], run.stderr

    status, message = changed()
    assert (status, "[builders] is taken from HEAD" in message) == ("pass", True)
    status, message = changed("--allow-builders")
    assert (status, "[builders] is taken" in message) == ("error", False)


def test_another_library_affects_what_the_page_says_of_all_networks(project: Path) -> None:
    found = _edited(project, ("Metadata:\n", "Metadata:\n    Library: timm\n"))
    assert {(None, "depth"), (None, "block"), ("regnety_002", "flops"), ("regnety_002", "library")} <= found
    assert ("regnety_004", "flops") not in found


def test_files_beside_the_pages_affect_all_claims(project: Path) -> None:
    committed(project)
    (project / "modelindex" / "references").mkdir()
    (project / "modelindex" / "references" / "mine.json").write_text("{}")
    changes = changes_since(find_project(project, ()), "HEAD")
    assert len(changes.affected) == len(changes.claims) == 313
    assert {item.why for item in changes.affected} == {("modelindex/references/mine.json changed",)}


def _deleted(project: Path) -> None:
    (project / "modelindex" / "other.md").unlink()
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md"]')


def _renamed(project: Path) -> None:
    (project / "modelindex" / "other.md").rename(project / "modelindex" / "another.md")
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md", "another.md"]')


@pytest.mark.parametrize(
    ("change", "message"),
    [(_deleted, "got none for modelindex/other.md:"), (_renamed, "renamed to modelindex/another.md?")],
)
def test_a_deleted_or_renamed_page(project: Path, change: Callable[[Path], None], message: str) -> None:
    (project / "modelindex" / "other.md").write_text("<!--\nType: model-index\nModels:\n- Name: a\n-->\n")
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md", "other.md"]')
    committed(project)
    change(project)
    with pytest.raises(RepositoryError) as raised:
        _affected(project)
    assert message in str(raised.value)


@pytest.mark.parametrize("reference", ["--output=x", "-", "nothing", "HEAD~9", "HEAD:modelindex", "", "a\nb"])
def test_references_that_are_not_a_commit(project: Path, reference: str) -> None:
    committed(project)
    with pytest.raises(RepositoryError, match="expected a commit as base"):
        _affected(project, base=reference)
    assert not (project / "x").exists()


def test_a_deleted_page_of_another_folder(project: Path) -> None:
    (project / "docs").mkdir()
    (project / "docs" / "other.md").write_text("<!--\nType: model-index\nModels:\n- Name: a\n-->\n")
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md", "../docs/other.md"]')
    committed(project)
    assert _affected(project) == set()
    (project / "docs" / "other.md").unlink()
    (project / "modelindex" / "verify.toml").write_text('pages = ["regnety.md"]')
    with pytest.raises(RepositoryError, match=r"got none for docs/other\.md"):
        _affected(project)


def test_a_damaged_repository_is_an_error(project: Path) -> None:
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
    with pytest.raises(RepositoryError, match=r"needs a git checkout, but .* is not in one"):
        _affected(project)


def test_the_variables_of_a_git_hook_are_ignored(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(project)
    other = tmp_path / "other"
    other.mkdir()
    committed(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert _affected(project) == set()


EDITS = [
    ("FLOPs: 255754236", "FLOPs: 199514080"),
    ("Parameters: 3160000", "Parameters: 3170000"),
    ("File Size: 12782926", "File Size: 12782927"),
    ("Epochs: 100", "Epochs: 99"),
    ("Image Size: '224'", "Image Size: '32'"),
    ("Crop Pct: '0.875'", "Crop Pct: '0.9'"),
    ("regnety_002-e68ca334", "regnety_002_ra-e68ca334"),
    ("regnety_002-e68ca334", "regnety_004-0db870e6"),
    ("Top 1 Accuracy: 70.28%", "Top 1 Accuracy: 75.28%"),
    ("Top 5 Accuracy: 89.55%", "Top 5 Accuracy: 60%"),
    ("Name: regnety_002", "Name: regnety_003"),
    ("Name: regnety_004", "Name: regnetx_004"),
    ("- Name: RegNetY\n  Paper", "- Name: Backbones\n  Paper"),
    ("- Name: RegNetY\n  Paper", "- Name: Net\n- Name: RegNetY\n  Paper"),
    ("In Collection: RegNetY", "In Collection: Backbones"),
    ("Dataset: ImageNet", "Dataset: Imaginary"),
    ("    - ReLU\n", ""),
    ("  Metadata:\n", "  Metadata:\n    Library: timm\n"),
    ("  Metadata:\n", "  Metadata:\n    Library: unknown\n"),
    (r"$12 \leq d \leq 28$", r"$13 \leq d \leq 28$"),
    ("Squeeze-and-Excitation blocks", "Inverted-Residual blocks"),
    ("## Citation", "## Citatiön â€™\n"),
    ("(x) ", "(x)"),
]


@settings(
    max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=st.lists(st.sampled_from(EDITS), min_size=1, max_size=3, unique=True))
def test_every_verdict_that_differs_is_of_an_affected_claim(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("project")
    text = page_text()
    two_models = text[: text.index("- Name: regnety_006")] + text[text.index("-->") :]
    (folder / "modelindex").mkdir()
    (folder / "modelindex" / "verify.toml").write_text('pages = ["regnety.md"]\n')
    _page(folder).write_text(two_models, "utf-8")
    committed(folder)
    before = _verdicts(folder)
    changed = two_models
    for old, new in edits:
        changed = changed.replace(old, new, 1)
    _page(folder).write_text(changed, "utf-8")
    after = _verdicts(folder)
    differing = {key for key, verdict in after.items() if before.get(key) != verdict}
    assert {key[:2] for key in differing} <= _affected(folder)


def _verdicts(folder: Path) -> dict[tuple[str | None, str, str], tuple[str, str | None, str | None]]:
    """Status, measurement and difference by model, kind and declared value."""
    project = find_project(folder, ())
    verdicts = verify_pages(project, Selection(), project.resources, Progress(), jobs=1).verdicts
    return {
        (verdict.claim.model, verdict.claim.kind, verdict.claim.declared): (
            verdict.status.value,
            verdict.measured,
            verdict.difference,
        )
        for verdict in verdicts
    }


@pytest.mark.parametrize("name", ["images/0/digit_0.png", "LOC_val_solution.csv"])
def test_a_dataset_outside_of_modelindex_affects_all_claims(tmp_path: Path, name: str) -> None:
    """A dataset of verify.toml: its images, and the file that labels them beside it."""
    (tmp_path / "modelindex").mkdir()
    (tmp_path / "modelindex" / "page.yml").write_text("Models: [{Name: a, Metadata: {Epochs: 2}}]\n")
    (tmp_path / "modelindex" / "verify.toml").write_text(
        'pages = ["page.yml"]\n[datasets]\nDigits = "../data/images"\n'
    )
    (tmp_path / "data" / "images" / "0").mkdir(parents=True)
    (tmp_path / "data" / name).write_bytes(b"1")
    (tmp_path / "data" / "images" / "of-another").mkdir()
    (tmp_path / "data" / "notes.txt").write_text("")
    (tmp_path / "data" / "images" / "0" / "kept.png").write_bytes(b"")
    committed(tmp_path)
    (tmp_path / "data" / "notes.txt").write_text("changed")
    assert _affected(tmp_path) == set()
    (tmp_path / "data" / name).write_bytes(b"2")
    assert _affected(tmp_path) == {(None, "text"), ("a", "name"), ("a", "epochs")}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project with one model, two folders deep in its checkout."""
    root = tmp_path / "checkout" / "project"
    (root / "modelindex").mkdir(parents=True)
    (root / "modelindex" / "page.md").write_text(
        "<!--\nType: model-index\nModels:\n- Name: a\n-->\n{% include 'a.md' %}\n"
    )
    (root / "modelindex" / "verify.toml").write_text('pages = ["page.md"]\n')
    (root / "modelindex" / "_includes").mkdir()
    (root / "modelindex" / "_includes" / "a.md").write_text("Text.\n")
    return root


def test_a_hidden_file_is_neither_read_nor_a_change(small: Path) -> None:
    """Editors write temporary files of such names."""
    committed(small.parent)
    (small / "modelindex" / "references").mkdir()
    (small / "modelindex" / "references" / ".z.json").write_text("{")
    (small / "modelindex" / "_includes" / ".z.md").write_text("Text.\n")
    assert _affected(small) == set()
    page = small / "modelindex" / "page.md"
    page.write_text(page.read_text().replace("a.md", ".z.md"))
    changes = changes_since(find_project(small, ()), "HEAD")
    faults = [item.claim.fault for item in changes.affected if item.claim.fault]
    assert [fault.found for fault in faults] == ["an include of a hidden file: .z.md"]


@pytest.mark.parametrize("linked", ["modelindex/_includes", "modelindex/verify.toml"])
def test_what_links_lead_to_affects_all_claims(small: Path, linked: str) -> None:
    """Also a link that another link leads to, and a hidden file."""
    path, other = small / linked, small / "other"
    other.mkdir()
    path.rename(other / ".moved")
    (other / "link").symlink_to(".moved")
    path.symlink_to(other / "link")
    committed(small.parent)
    assert _affected(small) == set()
    moved = other / ".moved"
    file = moved / "a.md" if moved.is_dir() else moved
    file.write_text(file.read_text() + "\n")
    assert ("a", "name") in _affected(small), "the file changed"
    git(small.parent, "checkout", "--quiet", ".")
    assert _affected(small) == set()
    moved.rename(other / "again")
    (other / "link").unlink()
    (other / "link").symlink_to("again")
    committed(small.parent)
    assert ("a", "name") in _affected(small, "HEAD~1"), "the link in between changed"


def test_a_page_behind_another_link_affects_all_claims(small: Path) -> None:
    page, other = small / "modelindex" / "page.md", small / "other"
    other.mkdir()
    (other / "old.md").write_text(page.read_text())
    (other / "new.md").write_text(page.read_text().replace("- Name: a", "- Name: a\n  Metadata: {Epochs: 3}"))
    (other / "link.md").symlink_to("old.md")
    page.unlink()
    page.symlink_to("../other/link.md")
    committed(small.parent)
    assert _affected(small) == set()
    (other / "link.md").unlink()
    (other / "link.md").symlink_to("new.md")
    assert ("a", "epochs") in _affected(small)


def test_links_in_a_circle(small: Path) -> None:
    includes = small / "modelindex" / "_includes"
    (includes / "self").symlink_to("self")
    (includes / "up").symlink_to("..")
    (includes / "out").symlink_to("/")
    committed(small.parent)
    assert _affected(small) == set()


def test_a_decision_that_a_change_undoes_is_reported(verify: Verify, tmp_path: Path) -> None:
    """Its FLOPs were explained; the new number is unknown, but nothing proves it false."""
    folder = tmp_path / "modelindex"
    folder.mkdir()
    (folder / "verify.toml").write_text('pages = ["page.yml"]\n')
    page = "Models: [{Name: regnety_002, Metadata: {FLOPs: 255754236, Image Size: 224, Epochs: 3}}]\n"
    (folder / "page.yml").write_text(page)
    committed(tmp_path)
    (folder / "page.yml").write_text(page.replace("255754236", "255754336"))
    run = verify("changed", "--claim", "flops", "--claim", "epochs", cwd=tmp_path)
    assert run.returncode == 0
    assert "flops not run (explained at HEAD)" in " ".join(run.stderr.split())
    read = verify("changed", "--format", "json", cwd=tmp_path)
    before = {claim["claim"]: claim["before"] for claim in json.loads(read.stdout)["claims"]}
    assert before.pop("flops") == "explained"
    assert set(before.values()) == {None}


@pytest.mark.parametrize("pages", ["modelindex", "**/*.md"])
def test_a_deleted_page_of_a_folder_or_pattern(project: Path, pages: str) -> None:
    (project / "modelindex" / "verify.toml").write_text(f'pages = ["{pages.replace("modelindex", ".")}"]\n')
    (project / "modelindex" / "notes.md").write_text("No page.\n")
    (project / "modelindex" / "other.md").write_text("<!--\nType: model-index\nModels:\n- Name: other\n-->\n")
    committed(project)
    assert _affected(project) == set()
    (project / "modelindex" / "other.md").unlink()
    with pytest.raises(RepositoryError, match=r"got none for modelindex/other\.md"):
        _affected(project)


def test_attributes_of_files_affect_all_claims(small: Path) -> None:
    """They decide what a checkout of the same commit writes to files."""
    (small / "sub").mkdir()
    (small / "sub" / ".gitattributes").write_text("* eol=lf\n")
    committed(small)
    (small / "sub" / ".gitattributes").write_text("* eol=crlf\n")
    assert {item.why for item in changes_since(find_project(small, ()), "HEAD").affected} == {
        ("sub/.gitattributes changed",)
    }


def test_a_huge_page_at_the_base_is_not_read(small: Path) -> None:
    page = small / "modelindex" / "page.md"
    text = page.read_text()
    page.write_text(f"{text}{'x' * 2**20}\n")
    committed(small)
    page.write_text(text)
    assert {item.why for item in changes_since(find_project(small, ()), "HEAD").affected} == {
        ("the page could not be read at HEAD",)
    }
