"""Pages by what the user names: files, folders and patterns."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.index.files import Files, is_pattern, matching
from harness.index.page import MOST_BYTES, SUFFIXES, says_index
from harness.project.files import FolderFiles

# Keys that may name files, and items of lists that do: what makes it worth parsing a page to see what it imports.
_MAY_IMPORT = re.compile(
    r"^[ \t{-]*[\"']?(?:import[\"']?[ \t]*:"
    r"|(?:models|collections|metadata|results)[\"']?[ \t]*:[ \t]*[^\s|>{\[])"
    r"|^[ \t]*(?:-[ \t]+)?[\"']?\S+\.(?:ya?ml|json|mdx?)[\"']?,?[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)


class NoPagesError(UserError):
    """A folder or pattern with no page in it; the message says what is there, and the mend."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """The pages, in order, and how many other files were looked at that hold no model-index."""

    pages: tuple[Path, ...]
    others: int


def discover(named: Iterable[Path], start: Path, written: Path | None = None) -> Discovered:
    """The pages that files, folders and patterns name, relative to `start`.

    Of folders and patterns, files that hold no model-index are left out, and so is what the harness has `written`
    in a folder, where pages stand a second time. A file that is named itself is a page, and that folder's too.
    Raises NoPagesError where a folder or pattern has none, OSError where a folder cannot be read.
    """
    pages: dict[Path, None] = {}
    others = 0
    for one in named:
        path = start / one
        if path.is_dir():
            candidates = FolderFiles(Path(os.path.realpath(path))).listed("", deep=True)
            found = [Path(os.path.realpath(path)) / name for name in candidates]
        elif is_pattern(one.as_posix()) and not path.exists():
            found = _matching(path)
        else:
            pages[path] = None
            continue
        formed = [file for file in found if file.suffix.casefold() in SUFFIXES]
        if written and not _is_below(path, written):
            formed = [file for file in formed if not _is_below(file, written)]
        holding = [file for file in formed if _holds_index(file)]
        if not holding:
            told = f"{len(formed)} files of {', '.join(sorted(SUFFIXES))} and no model-index in them"
            mend = "name a page, or a folder that has some"
            raise NoPagesError(f"{one}: expected pages with a model-index, got {told}; {mend}")
        pages |= dict.fromkeys(holding)
        others += len(formed) - len(holding)
    return Discovered(tuple(pages), others)


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _matching(pattern: Path) -> list[Path]:
    parts = pattern.parts
    fixed = next(number for number, part in enumerate(parts) if is_pattern(part))
    folder = Path(*parts[:fixed])
    return [folder / name for name in matching(FolderFiles(folder), "/".join(parts[fixed:]))]


def _holds_index(path: Path) -> bool:
    try:
        # A pipe has no end until somebody writes to it.
        data = path.read_bytes() if path.is_file() and path.stat().st_size <= MOST_BYTES else b""
    except OSError:
        return False
    return says_index(data.decode("utf-8", "replace"), path.name)


def imported_pages(texts: Mapping[str, str], files_of: Mapping[str, Files]) -> set[str]:
    """The pages, by name, that another of them imports. What cannot be parsed imports nothing here."""
    candidates = [name for name, text in texts.items() if _MAY_IMPORT.search(text)]
    return {other for name in candidates for other in _imports(name, texts[name], files_of[name]) if other in texts}


def _imports(name: str, text: str, files: Files) -> Sequence[str]:
    # Loads the parser, which pages without imports do without.
    from harness.index.faults import PageError
    from harness.index.page import page_from_text
    from harness.index.reading.imports import declared

    try:
        found, _ = declared(page_from_text(text, name), files)
    except PageError:
        return ()
    return [other for other in found.pages if other != name]
