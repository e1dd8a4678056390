"""Every page in pages/good is read; every page in pages/bad gives the message beside it, and nothing else."""

import random
from contextlib import suppress
from pathlib import Path

import pytest

from harness.index.claims import claims
from harness.index.faults import PageError
from harness.index.page import MOST_BYTES, page_from_text, read_page
from harness.index.records import read_index
from harness.index.template import check_template
from tests.conftest import page_text

PAGES = Path(__file__).parents[1] / "pages"


def _read(path: Path) -> None:
    page = read_page(path, path.name)
    check_template(page, path.parent / "_includes")
    claims(read_index(page))


@pytest.mark.parametrize("path", sorted(PAGES.glob("good/*.md")), ids=lambda path: path.stem)
def test_good(path: Path) -> None:
    _read(path)


@pytest.mark.parametrize("path", sorted(PAGES.glob("bad/*.md")), ids=lambda path: path.stem)
def test_bad(path: Path) -> None:
    with pytest.raises(PageError) as caught:
        _read(path)
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text("utf-8")


def test_a_page_that_is_not_there_a_folder_and_a_device(tmp_path: Path) -> None:
    for path, found in ((tmp_path / "none.md", "no such file"), (tmp_path, "a folder"), (Path("/dev/zero"), "device")):
        with pytest.raises(PageError, match=found):
            read_page(path, path.name)


def test_a_page_of_fifty_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "large.md"
    path.write_bytes(b"x" * 50_000_000)
    with pytest.raises(PageError, match=f"at most {MOST_BYTES} bytes, got 50000000 bytes"):
        read_page(path, path.name)


def test_mutated_pages_raise_nothing_but_page_errors() -> None:
    """A page cut, doubled or strewn with characters that mean something is read, or refused with its place."""
    dice = random.Random(0)  # noqa: S311 - repeatable
    start = page_text().index("<!--")
    sample = page_text()[start : start + 1500] + "\n-->\n"
    for _ in range(1500):
        text = list(sample)
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(text))
            piece = dice.choice(
                ["", ":", "- ", "\n", "\t", "'", "[", "}", "&a ", "*a", "#", "%", "é", "\0", "-->", "<!--"]
            )
            text[at : at + dice.randint(0, 3)] = piece
        with suppress(PageError):
            claims(read_index(page_from_text("".join(text), "p.md")))
