"""A page's bytes to its text, and the one model-index block in it."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from harness.index.faults import Fault, Location, PageError

MOST_BYTES = 1024 * 1024
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)")
_IS_INDEX = re.compile(r"\s*Type:\s*['\"]?model-index\b")


@dataclass(frozen=True, slots=True)
class Block:
    """The YAML text of a model-index, and where it begins in the text of its page."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands on a page before its model-index, the whole comment that holds it, and what stands after it."""

    before: str
    index: str
    after: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page's name (as verdicts show it), its text, and the model-index block in it.

    `template` is the text with the block blanked out; `prose` lacks fenced code too. Places are the same in all.
    """

    name: str
    text: str
    template: str
    prose: str
    block: Block
    line_starts: tuple[int, ...]

    @property
    def parts(self) -> Parts:
        """The text in three, none of it lost."""
        start = self.text.rindex("<!--", 0, self.block.start)
        end = self.block.start + len(self.block.text) + len("-->")
        return Parts(self.text[:start], self.text[start:end], self.text[end:])

    def place(self, offset: int, path: str = "") -> Location:
        """The line and column of a character of the text; lines end at line feeds, as editors count them."""
        line = bisect_right(self.line_starts, offset)
        return Location(self.name, line, offset - self.line_starts[line - 1] + 1, path)


def read_page(path: Path, name: str) -> Page:
    """Read the page at `path`. Raises PageError where there is none, or no single model-index in it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        told = ascii(name)
        raise _error(told, "a page whose name is text", "bytes that are no UTF-8", "rename the page") from None
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise _error(name, "a file", "a folder or device", "name the page itself")
        if size > MOST_BYTES:
            raise _error(
                name,
                f"a page of at most {MOST_BYTES} bytes",
                f"{size} bytes",
                "split the page, a family each",
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _error(name, "a page that can be read", reason.lower(), "check the path and its permissions") from None
    return page_from_bytes(data, name)


def page_from_bytes(data: bytes, name: str) -> Page:
    """The page that a file of these bytes holds. Raises PageError where it holds none."""
    return page_from_text(_decode(data, name), name)


def page_from_text(text: str, name: str) -> Page:
    """The page that `text` holds. Raises PageError unless exactly one model-index block stands in it."""
    if not text.strip():
        raise _error(name, "a page with a model-index", "an empty file", _START)
    outside_code = without_code(text)
    comments = list(_comments(outside_code))
    if comments and comments[-1][1] < 0:
        mend = "close the comment"
        raise _error(name, "the comment to be closed", "no '-->' after it", mend, _place(text, comments[-1][0]))
    indexes = [(start, end) for start, end in comments if _IS_INDEX.match(text, start + len("<!--"), end)]
    if not indexes:
        raise _error(name, "a model-index", "none on the page", _START)
    if len(indexes) > 1:
        mend = "put all models of the page into one block"
        raise _error(name, "one model-index", f"{len(indexes)} of them", mend, _place(text, indexes[1][0]))
    start, end = indexes[0]
    block = text[start + len("<!--") : end].lstrip(" \t")
    return Page(
        name,
        text,
        _blanked(text, start, end + len("-->")),
        _blanked(outside_code, start, end + len("-->")),
        Block(block, end - len(block)),
        (0, *accumulate(len(line) + 1 for line in text.split("\n"))),
    )


def _comments(text: str) -> Iterator[tuple[int, int]]:
    """Where each comment begins, and where its `-->` stands; -1 for one that is never closed, the last."""
    end = 0
    while (start := text.find("<!--", end)) >= 0:
        end = text.find("-->", start + len("<!--"))
        yield start, end
        if end < 0:
            return


def without_code(text: str) -> str:
    """The text with fenced code blanked out; a fence that is never closed is text."""
    lines = text.split("\n")
    opened: tuple[int, str] | None = None
    for number, line in enumerate(lines):
        fence = _FENCE.fullmatch(line.rstrip("\r"))
        if fence and opened is None:
            opened = number, fence["fence"]
        elif fence and opened and fence["fence"].startswith(opened[1]) and not fence["info"].strip():
            lines[opened[0] : number + 1] = [" " * len(code) for code in lines[opened[0] : number + 1]]
            opened = None
    return "\n".join(lines)


def _blanked(text: str, start: int, end: int) -> str:
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


_START = "add a comment <!-- … --> whose first line is 'Type: model-index', followed by 'Models:'"


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        found = f"byte 0x{data[error.start]:02x}"
        raise _error(name, "text in UTF-8", found, "save the page as UTF-8", (line, column)) from None


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _error(name: str, expected: str, found: str, mend: str, place: tuple[int, int] = (1, 1)) -> PageError:
    return PageError([Fault(Location(name, *place), expected, found, mend)])
