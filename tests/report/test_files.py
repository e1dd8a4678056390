"""Report files: all are written or none, and files of the user stay as they are."""

import os
import unicodedata
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from harness.index.claim import Claim
from harness.index.faults import Location
from harness.report import markdown, verified_page
from harness.report.files import ReportError, rendered_pages, report_files, write_pages, write_reports
from harness.verdict import Verdict, passed


def _verdict(page: str, model: str) -> Verdict:
    return passed(Claim(page, model, "id", "x", Location(page, 1, 1)), reason="why")


def test_a_card_for_each_model_and_an_overview_for_each_page() -> None:
    files = report_files([_verdict("modelindex/a.md", "one"), _verdict("modelindex/b.md", "two")])
    assert set(files) == {"verdicts.json", "a/README.md", "a/one.md", "b/README.md", "b/two.md"}


def test_pages_with_the_same_name_get_different_folders() -> None:
    files = report_files([_verdict("x/a.md", "one"), _verdict("y/a.md", "two"), _verdict("../a.md", "three")])
    assert {"x-a/one.md", "y-a/two.md", "a/three.md"} <= set(files)
    assert not any(name.startswith("pages/") for name in report_files([_verdict("pages.md", "one")]))
    alike = ["a.b/c.md", "a.b/c.mdx", "a.b/C.md", "a.b-c.yml"]
    cards = {name for name in report_files([_verdict(page, "one") for page in alike]) if name.endswith("one.md")}
    assert len({name.casefold() for name in cards}) == len(alike)


def test_a_model_whose_name_is_not_a_valid_file_name_has_a_card() -> None:
    files = report_files([_verdict("a.md", "Mask R-CNN (R50, 3x)"), _verdict("a.md", "x/y"), _verdict("a.md", "x-y")])
    cards = sorted(name for name in files if name.startswith("a/"))
    assert cards == ["a/Mask R-CNN -R50- 3x--a38a6c46.md", "a/README.md", "a/x-y-bd3c9047.md", "a/x-y.md"]


@pytest.mark.parametrize("page", ["...md", "..", "a/..", "\x1b[31m.md", "x\ny.md", "-.md"])
def test_any_page_name_gives_one_folder_directly_below_the_reports(page: str) -> None:
    (folder,) = {Path(name).parent for name in report_files([_verdict(page, "one")])} - {Path()}
    assert len(folder.parts) == 1
    assert folder.name.isprintable()
    assert not folder.name.startswith(("-", "."))


def test_a_link_that_leads_out_of_the_reports_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "a").symlink_to(tmp_path / "mine")
    with pytest.raises(ReportError, match="is a link"):
        write_reports(tmp_path / "reports", report_files([_verdict("a.md", "one")]))
    assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.parametrize("linked", ["reports", "reports/pages"])
def test_nothing_is_read_written_or_deleted_through_a_linked_folder(linked: str, tmp_path: Path) -> None:
    project, mine = tmp_path / "project", tmp_path / "mine"
    (mine / "pages").mkdir(parents=True)
    (project / linked).parent.mkdir(parents=True)
    (project / linked).symlink_to(mine)
    (mine / "pages" / "old.md").write_text(markdown.GENERATED + "\n" + verified_page.GENERATED)
    (mine / "old.md").write_text(verified_page.GENERATED)
    reports = project / "reports"
    if linked == "reports":
        with pytest.raises(ReportError, match="reports is a link; remove it"):
            write_reports(reports, report_files([_verdict("a.md", "one")]), project)
    else:
        write_reports(reports, report_files([_verdict("a.md", "one")]), project)
    with pytest.raises(ReportError, match="is a link; remove it"):
        write_pages(reports / "pages", {"a.md": "new"}, project)
    with pytest.raises(ReportError, match="is a link; remove it"):
        rendered_pages(reports / "pages", ["old.md"], project)
    assert sorted(path.name for path in mine.rglob("*.md")) == ["old.md", "old.md"]
    assert not list(mine.rglob("one.md"))


def test_the_reports_folder_of_the_command_line_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    write_reports(tmp_path / "out", {"a/one.md": "new"})
    assert (tmp_path / "real" / "a" / "one.md").read_text() == "new"


def test_a_rendered_page_that_is_a_link_or_a_special_file_is_not_read_and_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    pages = tmp_path / "reports" / "pages"
    pages.mkdir(parents=True)
    (pages / "a.md").symlink_to(tmp_path / "secret")
    os.mkfifo(pages / "b.md")
    with (pages / "c.md").open("wb") as file:
        file.truncate(1 << 40)
    (pages / "d.md").symlink_to("/dev/zero")
    names = ["a.md", "b.md", "c.md", "d.md"]
    assert rendered_pages(pages, names, tmp_path) == {}
    write_pages(pages, dict.fromkeys(names, "new"), tmp_path)
    assert rendered_pages(pages, names, tmp_path) == dict.fromkeys(names, "new")
    assert (tmp_path / "secret").read_text() == "secret"


def test_no_two_models_share_a_card_and_none_replaces_the_overview() -> None:
    names = ["x/y", "x-y", "x-y-bd3c9047", "README", "readme", "z" * 300, "z" * 299, "..", "."]
    files = report_files([_verdict("a.md", name) for name in names])
    assert len([name for name in files if name.startswith("a/")]) == len(names) + 1
    assert all(len(Path(name).name.encode()) < 255 for name in files)


def test_cards_differ_where_a_file_system_ignores_case_or_accents_and_if_short_hashes_clash() -> None:
    names = ["ResNet", "resnet", "\u00c5", "\u212b", "z" * 60 + "49045", "z" * 60 + "58500"]
    verdicts = [
        replace(_verdict("a.md", name), claim=Claim("a.md", name, "flops", "1", Location("a.md", 1, 1)))
        for name in names
    ]
    files = report_files(verdicts)
    cards = [name.removeprefix("a/") for name in files if name.startswith("a/") and not name.endswith("README.md")]
    assert len({unicodedata.normalize("NFD", card).casefold() for card in cards}) == len(names)
    assert all(f"]({quote(card)})" in files["a/README.md"] for card in cards)
    # Two paths whose short hashes are equal.
    pages = ["x!x!x!x&x!x&x&x&x!x&x&x&x&x&x!x&x&x&x&x&/a.md", "x&x!x&x&x!x!x!x&x!x!x!x!x!x&x&x&x!x&x&x&/a.md", "a.md"]
    folders = {name.partition("/")[0] for name in report_files([_verdict(page, "one") for page in pages])}
    assert len(folders - {"verdicts.json"}) == len(pages)


def test_a_folder_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ReportError, match=r"use --reports DIR"):
        write_reports(tmp_path / "file", {"a/b.md": "text"})
    (tmp_path / "out" / "verdicts.json").mkdir(parents=True)
    (tmp_path / "out" / "a.md").write_text("old")
    with pytest.raises(ReportError):
        write_reports(tmp_path / "out", {"a.md": "new", "verdicts.json": "new"})
    assert (tmp_path / "out" / "a.md").read_text() == "old"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.md", "file", "out", "verdicts.json"]


def test_cards_of_removed_models_are_deleted_and_other_files_stay(tmp_path: Path) -> None:
    both = [_verdict("a.md", "one"), _verdict("a.md", "two")]
    write_reports(tmp_path, report_files(both))
    (tmp_path / "a" / "notes.md").write_bytes(b"\xff mine")
    (tmp_path / "a" / "folder.md").mkdir()
    write_reports(tmp_path, report_files(both[:1]))
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["README.md", "folder.md", "notes.md", "one.md"]


def test_no_page_takes_the_place_of_the_report_of_all_verdicts() -> None:
    files = report_files([_verdict("verdicts.json.md", "one")])
    assert "verdicts.json" in files
    assert not any(name.startswith("verdicts.json/") for name in files)
