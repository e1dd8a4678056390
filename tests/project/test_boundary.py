"""What the checkout names is below the project's root and a regular file; only the command line points elsewhere."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.checks.shared.subject import Subject
from harness.commands.fetch import declared_weights, fetch_weights
from harness.commands.fix import propose_fixes
from harness.commands.lock import lock_weights
from harness.evaluate.run.progress import Progress
from harness.index.faults import PageError
from harness.index.page import page_from_text
from harness.index.templates.sources import read_includes
from harness.measure.checkpoint import sha256
from harness.project.documents import ProjectError
from harness.project.project import Project, find_project
from harness.project.references import References
from harness.project.resources import Resources
from harness.verdict import Status
from harness.verify.reading import read_claims, read_indexes
from harness.verify.selection import Selection
from tests.conftest import faults_of

_PAGE = "Models:\n- Name: a\n  Weights: {weights}\n"


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


_SPECIAL: dict[str, Callable[[Path], None]] = {
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a pipe": os.mkfifo,
    "a file of more than": _huge,
    "leads out": lambda path: path.symlink_to("/etc/passwd"),
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a page, and secrets beside it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "project"
    (root / "modelindex" / "references").mkdir(parents=True)
    (root / "modelindex" / "a.yml").write_text(_PAGE.format(weights="a.pth"))
    _configure(root, '["a.yml"]')
    (tmp_path / "secret.yml").write_text(_PAGE.format(weights="secret.pth"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "secret.yml").write_text(_PAGE.format(weights="secret.pth"))
    return root


def _configure(root: Path, pages: str) -> None:
    (root / "modelindex" / "verify.toml").write_text(f"pages = {pages}\n")


@pytest.mark.parametrize("kind", _SPECIAL)
@pytest.mark.parametrize("file", ["verify.toml", "records.json", "weights.lock", "references/z.json"])
def test_documents_that_are_special_or_elsewhere_are_refused(root: Path, file: str, kind: str) -> None:
    path = root / "modelindex" / file
    path.unlink(missing_ok=True)
    _SPECIAL[kind](path)
    found = "leads out" if kind == "a device" else kind  # the device is outside too
    with pytest.raises(ProjectError, match=rf"{file}: expected a readable file, got: .*{found}.*; \w"):
        find_project(root, ())


def test_a_link_to_nothing_among_the_references_is_an_error(root: Path) -> None:
    (root / "modelindex" / "references" / "z.json").symlink_to("nothing")
    with pytest.raises(ProjectError, match="a link to nothing; remove it"):
        find_project(root, ())


@pytest.mark.parametrize("name", ["{outside}", "../../secret.yml", "link.yml", "folder/secret.yml", "/dev/zero"])
def test_pages_of_the_settings_outside_the_project_are_not_read(root: Path, name: str) -> None:
    outside = root.parent / "secret.yml"
    (root / "modelindex" / "link.yml").symlink_to(outside)
    (root / "modelindex" / "folder").symlink_to(root.parent / "folder")
    _configure(root, f'["{name.format(outside=outside)}"]')
    project = find_project(root, ())
    assert "expected a page inside the project, got a path or link" in faults_of(*read_indexes(project))
    assert "name it on the command line" in faults_of(*read_indexes(project))
    verification, fixes = propose_fixes(project, Selection(), project.resources, Progress(), frozenset({Status.FAIL}))
    assert [verdict.status for verdict in verification.verdicts] == [Status.ERROR]
    assert fixes == []


@pytest.mark.parametrize("name", ["../..", "../../*.yml", "folder", "folder/*.yml"])
def test_folders_of_the_settings_outside_the_project_are_not_searched(root: Path, name: str) -> None:
    (root / "modelindex" / "folder").symlink_to(root.parent / "folder")
    _configure(root, f'["{name}"]')
    with pytest.raises(ProjectError, match=r"expected (a folder inside the project|pages with a model-index)"):
        find_project(root, ())


def test_pages_found_in_a_folder_do_not_lead_out_of_it(root: Path) -> None:
    (root / "modelindex" / "link.yml").symlink_to(root.parent / "secret.yml")
    _configure(root, '["."]')
    assert [name for name, _ in find_project(root, ()).pages] == ["modelindex/a.yml"]
    assert [name for name, _ in find_project(root, [root / "modelindex"]).pages] == ["modelindex/a.yml"]


def test_the_command_line_names_pages_anywhere_but_not_through_links_of_the_project(root: Path) -> None:
    outside = root.parent / "secret.yml"
    assert [index.page.name for index in read_indexes(find_project(root, [outside]))] == [str(outside)]
    link = root / "modelindex" / "link.yml"
    link.symlink_to(outside)
    faults = faults_of(*read_indexes(find_project(root, [link])))
    assert faults.startswith("modelindex/link.yml:1:1: expected a page inside the project")


def test_what_git_keeps_is_no_file_of_the_project(root: Path) -> None:
    """Its settings may hold a password."""
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret")
    (root / "modelindex" / "_includes").mkdir()
    (root / "modelindex" / "_includes" / "a.md").symlink_to("../../.git/config")
    (root / "modelindex" / "b.yml").symlink_to("../.git/config")
    page = page_from_text("{% include 'a.md' %}\n<!--\nType: model-index\nModels:\n- Name: a\n-->\n", "p.md")
    with pytest.raises(PageError, match=r"an include outside _includes/: a\.md"):
        read_includes(page, root / "modelindex" / "_includes")
    assert "secret" not in repr(find_project(root, ()).included)
    (root / "modelindex" / "a.yml").write_text("Import: b.yml\nModels:\n- Name: a\n")
    assert "leads out of the project" in faults_of(*read_indexes(find_project(root, ())))


@pytest.mark.parametrize("linked", ["modelindex/_includes", "modelindex"])
def test_includes_are_not_read_through_a_folder_that_leads_out(tmp_path: Path, linked: str) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    (outside / "_includes").mkdir(parents=True)
    for folder in (outside, outside / "_includes"):
        (folder / "secret.md").write_text("secret")
    (root / linked).parent.mkdir(parents=True)
    (root / linked).symlink_to(outside)
    page = page_from_text("{% include 'secret.md' %}\n<!--\nType: model-index\nModels:\n- Name: a\n-->\n", "p.md")
    with pytest.raises(PageError, match=r"p.md:1:1: .*_includes/ leads out of the project"):
        read_includes(page, root / "modelindex" / "_includes")
    assert Project(root, (), covers_all_pages=True, references=References()).included == {}


def test_special_includes_are_faults_and_do_not_block(tmp_path: Path) -> None:
    includes = tmp_path / "modelindex" / "_includes"
    includes.mkdir(parents=True)
    os.mkfifo(includes / "pipe.md")
    _huge(includes / "huge.md")
    for name in ("pipe.md", "huge.md"):
        text = f"{{% include '{name}' %}}\n<!--\nType: model-index\nModels:\n- Name: a\n-->\n"
        with pytest.raises(PageError, match=f"{name}, which is not readable text"):
            read_includes(page_from_text(text, "p.md"), includes)
    project = Project(tmp_path, (), covers_all_pages=True, references=References())
    assert sorted(Path(name).name for name in project.included) == ["huge.md", "pipe.md"]


def test_weights_that_lead_out_are_neither_hashed_nor_locked(root: Path) -> None:
    secret = root.parent / "secret.pth"
    secret.write_bytes(b"secret")
    modelindex = root / "modelindex"
    (modelindex / "link.pth").symlink_to(secret)
    (modelindex / "up").symlink_to(root.parent)
    (modelindex / "a.pth").write_bytes(b"ours")
    for weights in ("link.pth", "up/secret.pth"):
        (modelindex / "a.yml").write_text(_PAGE.format(weights=weights))
        project = find_project(root, ())
        indexes = read_indexes(project)
        (result,) = lock_weights(indexes, project.resources)
        assert (result.status, result.entry) == (Status.NOT_RUN, None)
        (fetched,) = fetch_weights(declared_weights(project, read_claims(project), Selection()), root)
        assert fetched.status is Status.NOT_RUN
        subject = Subject(indexes[0], References(), project.resources, "a")
        assert "leads out of the project" in str(subject.local_weights.missing)
    (modelindex / "a.yml").write_text(_PAGE.format(weights="a.pth"))
    (result,) = lock_weights(read_indexes(find_project(root, ())), Resources(root))
    assert result.entry
    assert result.entry.sha256 == sha256(modelindex / "a.pth")


def test_imported_files_are_regular_and_bounded(root: Path) -> None:
    os.mkfifo(root / "modelindex" / "pipe.yml")
    _huge(root / "modelindex" / "huge.yml")
    for name, reason in (("pipe.yml", "a pipe instead of a regular file"), ("huge.yml", "a file of more than")):
        (root / "modelindex" / "a.yml").write_text(f"Import: {name}\nModels:\n- Name: a\n")
        (index,) = read_indexes(find_project(root, ()))
        assert reason in faults_of(index)
        assert list(index.models) == ["a"]


@pytest.mark.parametrize(
    ("place", "target"),
    [
        ("images/0/a.png", "/etc/passwd"),
        ("images/1", "/"),
        ("images/.hidden", "/"),
        ("images/circle", "."),
        ("LOC_val_solution.csv", "/etc/passwd"),
        ("ILSVRC2012_devkit_t12", "/"),
        ("ILSVRC2012_devkit_t12/data/meta.mat", "/etc/passwd"),
    ],
)
def test_images_and_their_labels_are_not_read_through_links(root: Path, place: str, target: str) -> None:
    (root / "modelindex" / "images" / "0").mkdir(parents=True)
    (root / "modelindex" / "images" / "0" / "b.png").symlink_to("../../a.yml")
    _configure(root, '["a.yml"]\n[datasets]\nImageNet-1k = "images"')
    assert find_project(root, ()).resources.images
    link = root / "modelindex" / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
    with pytest.raises(ProjectError, match=f"no links but those to files of the project, got {place} at datasets"):
        find_project(root, ())


@pytest.mark.parametrize("name", ["../..", "../../project"])
def test_labels_beside_the_project_are_not_read(root: Path, name: str) -> None:
    _configure(root, f'["a.yml"]\n[datasets]\nImageNet-1k = "{name}"')
    with pytest.raises(ProjectError, match="expected a folder inside the project"):
        find_project(root, ())
