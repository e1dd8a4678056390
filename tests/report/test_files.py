"""Report files: all are written or none, and files of the user stay as they are."""

from pathlib import Path

import pytest

from harness.index.claim import Claim
from harness.index.faults import Location
from harness.report.files import ReportError, report_files, write_reports
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
    with pytest.raises(ReportError, match="leads out of it"):
        write_reports(tmp_path / "reports", report_files([_verdict("a.md", "one")]))
    assert list((tmp_path / "mine").iterdir()) == []


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
