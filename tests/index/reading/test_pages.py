"""Pages in pages/good have no faults. Those in pages/bad have exactly the faults in the file beside them."""

from contextlib import suppress
from pathlib import Path

import pytest

from harness.index.claims import claims
from harness.index.entries import Index
from harness.index.faults import PageError
from harness.index.page import MOST_BYTES, SUFFIXES, read_page, unreadable_page
from harness.index.reading.index import read_index
from harness.project.files import FolderFiles
from tests.conftest import faults_of, index_of

PAGES = Path(__file__).parents[2] / "pages"


def _pages(folder: str) -> list[Path]:
    return sorted(path for path in (PAGES / folder).iterdir() if path.suffix in SUFFIXES)


def _read(path: Path) -> Index:
    try:
        page = read_page(path, path.name)
    except PageError as error:
        page = unreadable_page(path.name, error)
    return read_index(page, path.parent / "_includes", FolderFiles(path.parent))


def _message_of(path: Path) -> Path:
    """The file with the expected message of a bad page."""
    return path.with_suffix(".txt") if path.suffix == ".md" else path.with_name(f"{path.name}.txt")


@pytest.mark.parametrize("path", _pages("good"), ids=lambda path: path.name)
def test_good(path: Path) -> None:
    assert faults_of(_read(path)) == ""


@pytest.mark.parametrize("path", _pages("bad"), ids=lambda path: path.name)
def test_bad(path: Path) -> None:
    assert faults_of(_read(path)) == _message_of(path).read_text("utf-8")


def test_a_missing_page_a_folder_and_a_device(tmp_path: Path) -> None:
    for path, found in ((tmp_path / "none.md", "no such file"), (tmp_path, "a folder"), (Path("/dev/zero"), "device")):
        with pytest.raises(PageError, match=found):
            read_page(path, path.name)


def test_a_page_of_fifty_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "large.md"
    path.write_bytes(b"x" * 50_000_000)
    with pytest.raises(PageError, match=f"at most {MOST_BYTES} bytes, got 50000000 bytes"):
        read_page(path, path.name)


@pytest.mark.parametrize(
    "piece", ["<!-- ", "$ ", "$$ ", "```\n", "~~~\n", "[a ", "a-", "{% if x %}", "\u2028", "- a\n"]
)
def test_repetition_takes_linear_time(piece: str) -> None:
    """Quadratic patterns took minutes for a page of this size."""
    with suppress(PageError):
        claims(index_of(piece * (400_000 // len(piece)) + "\n<!--\nType: model-index\nModels:\n- Name: a\n-->\n"))


def test_line_breaks_that_only_yaml_knows_do_not_change_locations() -> None:
    """Editors and GitHub count line feeds; YAML also counts these."""
    for breaking in ("\u2028", "\u0085", "\r"):
        text = f'<!--\nType: model-index\nModels:\n- Name: a\n  Metadata:\n    ID: "x{breaking} y"\n    FLOPs: -1\n-->'
        assert faults_of(index_of(text)).startswith("page.md:7:12: expected a positive whole number")
