"""A page's bytes to its text, and the one model-index block in it."""

import re
from dataclasses import dataclass
from pathlib import Path

from harness.index.faults import Fault, Location, PageError

MOST_BYTES = 4 * 1024 * 1024
_FENCED_CODE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^ {0,3}(?P=fence)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--(?P<content>.*?)-->", re.DOTALL)
_IS_INDEX = re.compile(r"\s*Type:\s*['\"]?model-index\b")


@dataclass(frozen=True, slots=True)
class Block:
    """The YAML text of a model-index, and the line and column (from 0) at which it begins on its page."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page's name (as verdicts show it), its text, the text around the block, and the block."""

    name: str
    text: str
    prose: str
    block: Block


def read_page(path: Path, name: str) -> Page:
    """Read the page at `path`. Raises PageError where there is none, or no single model-index in it."""
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
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _error(name, "a page that can be read", reason.lower(), "check the path and its permissions") from None
    return page_from_text(_decode(data, name), name)


def page_from_text(text: str, name: str) -> Page:
    """The page that `text` holds. Raises PageError unless exactly one model-index block stands in it."""
    if not text.strip():
        raise _error(name, "a page with a model-index", "an empty file", _START)
    visible = _FENCED_CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    comments = list(_COMMENT.finditer(visible))
    unclosed = visible.find("<!--", comments[-1].end() if comments else 0)
    if unclosed >= 0:
        raise _error(
            name,
            "the comment to be closed",
            "no '-->' after it",
            "close the comment",
            _place(text, unclosed),
        )
    indexes = [comment for comment in comments if _IS_INDEX.match(comment["content"])]
    if not indexes:
        raise _error(name, "a model-index", "none on the page", _START)
    if len(indexes) > 1:
        raise _error(
            name,
            "one model-index",
            f"{len(indexes)} of them",
            "put all models of the page into one block",
            _place(text, indexes[1].start()),
        )
    found = indexes[0]
    content = found["content"].lstrip(" \t")
    line, column = _place(text, found.end("content") - len(content))
    blanked = re.sub(r"[^\n]", " ", text[found.start() : found.end()])
    prose = text[: found.start()] + blanked + text[found.end() :]
    block = Block(content, line - 1, column - 1)
    return Page(name, text, prose, block)


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
