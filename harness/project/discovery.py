"""Pages found by file, folder and pattern."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.index.files import Files, is_pattern, matching
from harness.index.page import MOST_BYTES, SUFFIXES, says_index
from harness.project.documents import ProjectError
from harness.project.files import FolderFiles

# Keys whose values may name files, and list items that do. Only such pages are parsed for imports.
_MAY_IMPORT = re.compile(
    r"^[ \t{-]*[\"']?(?:import[\"']?[ \t]*:"
    r"|(?:models|collections|metadata|results)[\"']?[ \t]*:[ \t]*[^\s|>{\[])"
    r"|^[ \t]*(?:-[ \t]+)?[\"']?\S+\.(?:ya?ml|json|mdx?)[\"']?,?[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Discovered:
    """The pages, in order, and the number of files that were read but have no model-index."""

    pages: tuple[Path, ...]
    skipped: int


def discover(arguments: Iterable[Path], start: Path, reports: Path | None = None) -> Discovered:
    """The pages that files, folders and patterns name, relative to `start`.

    A named file is always a page. From folders and patterns come the files with a model-index; those in the folder
    `reports`, which hold copies of pages, only if the argument is below it. Raises ProjectError if a folder or pattern
    has no page, and OSError if a folder cannot be read.
    """
    pages: dict[Path, None] = {}
    skipped = 0
    for argument in arguments:
        path = start / argument
        if path.is_dir():
            files = _matching(path, "**/*")
        elif is_pattern(argument.as_posix()) and not path.exists():
            fixed = next(index for index, part in enumerate(path.parts) if is_pattern(part))
            files = _matching(Path(*path.parts[:fixed]), "/".join(path.parts[fixed:]))
        else:
            pages[path] = None
            continue
        files = [file for file in files if file.suffix.casefold() in SUFFIXES]
        if reports and not _is_below(path, reports):
            files = [file for file in files if not _is_below(file, reports)]
        found = [file for file in files if _has_index(file)]
        if not found:
            without = f"{len(files)} files of {', '.join(sorted(SUFFIXES))} without one"
            fix = "name a page, or a folder that contains some"
            raise ProjectError(f"{argument}: expected pages with a model-index, got {without}; {fix}")
        pages |= dict.fromkeys(found)
        skipped += len(files) - len(found)
    return Discovered(tuple(pages), skipped)


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _matching(folder: Path, pattern: str) -> list[Path]:
    return [folder / name for name in matching(FolderFiles(folder), pattern)]


def _has_index(path: Path) -> bool:
    try:
        # Only regular files: reading a pipe would block.
        data = path.read_bytes() if path.is_file() and path.stat().st_size <= MOST_BYTES else b""
    except OSError:
        return False
    return says_index(data.decode("utf-8", "replace"), path.name)


def imported_pages(texts: Mapping[str, str], files_of: Mapping[str, Files]) -> set[str]:
    """The pages, by name, that another of them imports. A page that cannot be parsed counts as importing nothing."""
    candidates = [name for name, text in texts.items() if _MAY_IMPORT.search(text)]
    return {other for name in candidates for other in _imports(name, texts[name], files_of[name]) if other in texts}


def _imports(name: str, text: str, files: Files) -> Sequence[str]:
    # Loads the parser, which pages without imports do not need.
    from harness.index.faults import PageError
    from harness.index.page import page_from_text
    from harness.index.reading.imports import declared

    try:
        imports, _ = declared(page_from_text(text, name), files)
    except PageError:
        return ()
    return [other for other in imports.pages if other != name]
