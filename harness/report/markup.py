"""Markdown building blocks: escaped text, tables, and links from a report to the project's files."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import quote

from harness.index.faults import escape_controls
from harness.report.overview import status_label
from harness.report.values import is_url
from harness.verdict import Status

_HASHED = re.compile(r"-(?:[0-9a-f]{8}|[0-9a-f]{64})\Z")
# File names have at most 255 bytes; a character has at most four.
_MOST_CHARACTERS = 60
_MOST_BEFORE_LONG_HASH = 40


def card_names(models: Iterable[str]) -> dict[str, str]:
    """The file name of each model's card, for all models of a page.

    A hash is added if the model's name is not valid as a file name, too long, that of the page's overview, or
    ends as if it had a hash; a long one if file names clash. So no two models share a card, on any file system.
    """
    names = {model: _card_name(model) for model in models}
    times = Counter(map(same_file, names.values()))
    long = {model: f"{valid_file_name(model)[:_MOST_BEFORE_LONG_HASH]}-{long_hash(model)}.md" for model in names}
    return {model: name if times[same_file(name)] == 1 else long[model] for model, name in names.items()}


def _card_name(model: str) -> str:
    valid = valid_file_name(model)[:_MOST_CHARACTERS]
    is_taken = model.casefold() == "readme" or _HASHED.search(model)
    return f"{valid}-{short_hash(model)}.md" if is_taken or valid != model else f"{valid}.md"


def same_file(name: str) -> str:
    """Equal for names that mean one file where case and the encoding of accents do not matter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def valid_file_name(name: str) -> str:
    """The name with everything that file names may not contain replaced by `-`."""
    return re.sub(r"[^\w+@=. -]+", "-", name)


def short_hash(text: str) -> str:
    """Eight hexadecimal digits that distinguish the text from others, unless somebody chose these texts."""
    return long_hash(text)[:8]


def long_hash(text: str) -> str:
    """Hexadecimal digits that distinguish the text from all others."""
    return hashlib.sha256(text.encode()).hexdigest()


def card_link(model: str, card: str, folder: str = ".") -> str:
    """A link to a model's card. `folder` is the path from the linking file to the card's folder."""
    return f"[{escape(model)}]({quote(PurePosixPath(folder, card).as_posix())})"


def status_markdown(status: Status) -> str:
    """The status, in bold for `fail` and `error`."""
    return f"**{status_label(status)}**" if status in {Status.FAIL, Status.ERROR} else status_label(status)


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """The lines of a table. The cells of `rows` are already Markdown."""
    names = [escape(name) for name in header]
    lines = [names, ["---"] * len(names), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def link(file: str, line: int | None = None) -> str:
    """A link from `reports/<page>/` to a page of the project; plain text if the page is outside the project."""
    label = escape(file if line is None else f"{file}:{line}")
    if file.startswith(("/", "..")):
        return label
    anchor = "" if line is None else f"?plain=1#L{line}"
    return f"[{label}](../../{quote(file)}{anchor})"


# Some dialects do not accept a backslash before the marks of their extensions; all accept entities.
_ESCAPES = str.maketrans(
    {mark: f"\\{mark}" for mark in "\\`*_[]#"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "~": "&#126;", "$": "&#36;"}
)


def escape(text: str) -> str:
    """The text on one line, without effect as Markdown or HTML. A URL becomes a link."""
    if is_url(text):
        return f"[{text.rstrip('/').rpartition('/')[2].translate(_ESCAPES)}]({text})"
    return escape_controls(" ".join(text.split())).translate(_ESCAPES)
