"""Values as Markdown: text that stays text, tables, links from a report to the project's files."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import quote

from harness.index.faults import escape_controls
from harness.report.overview import words
from harness.report.values import is_address
from harness.verdict import Status


def card_name(model: str) -> str:
    """The file name of a model's card: its name, with a few digits of its hash where it holds what files cannot."""
    plain = re.sub(r"[^\w+@=. -]+", "-", model)
    digits = "" if plain == model else f"-{hashlib.sha256(model.encode()).hexdigest()[:8]}"
    return f"{plain}{digits}.md"


def card_link(model: str, folder: str = ".") -> str:
    """A link to a model's card, which lies in `folder` as seen from the file that links to it."""
    return f"[{text_cell(model)}]({quote(PurePosixPath(folder, card_name(model)).as_posix())})"


def status_cell(status: Status) -> str:
    """The status in words, and what is false in bold ones."""
    return f"**{words(status)}**" if status in {Status.FAIL, Status.ERROR} else words(status)


def table(header: Iterable[object], rows: Iterable[Iterable[str]]) -> list[str]:
    """The lines of a table; the cells of its rows are Markdown already."""
    names = [text_cell(str(name)) for name in header]
    lines = [names, ["---"] * len(names), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def link(file: str, line: int | None = None) -> str:
    """A link from `reports/<family>/` to a page of the project; plain text where the page lies elsewhere."""
    label = text_cell(file if line is None else f"{file}:{line}")
    if file.startswith(("/", "..")):
        return label
    anchor = "" if line is None else f"?plain=1#L{line}"
    return f"[{label}](../../{quote(file)}{anchor})"


def value_cell(value: object) -> str:
    """A value of the evidence as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(value_cell, value))
    return text_cell(str(value))


# Not every Markdown knows a backslash before the marks of its extensions, but all of them know entities.
_ESCAPES = str.maketrans(
    {mark: f"\\{mark}" for mark in "\\`*_[]#"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "~": "&#126;", "$": "&#36;"}
)


def text_cell(text: str) -> str:
    """A value as plain text on one line: nothing in it is read as Markdown or HTML, but an address is a link."""
    if is_address(text):
        return f"[{text.rstrip('/').rpartition('/')[2].translate(_ESCAPES)}]({text})"
    return escape_controls(" ".join(text.split())).translate(_ESCAPES)
