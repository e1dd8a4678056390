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
from harness.system.files import leads_inside, read_start

# Keys whose values may name files, and list items that do. Only such pages are parsed for imports.
_MAY_IMPORT = re.compile(
    r"^[ \t{-]*[\"']?(?:import[\"']?[ \t]*:"
    r"|(?:models|collections|metadata|results)[\"']?[ \t]*:[ \t]*[^\s|>{\[])"
    r"|^[ \t]*(?:-[ \t]+)?[\"']?\S+\.(?:ya?ml|json|mdx?)[\"']?,?[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Discovered:
    """The pages, in order, with their bytes if finding them read them, and the number of other files read."""

    pages: Mapping[Path, bytes | None]
    skipped: int


def discover(
    arguments: Iterable[Path], start: Path, reports: Path | None = None, root: Path | None = None
) -> Discovered:
    """The pages that files, folders and patterns name, relative to `start`.

    A named file is always a page. From folders and patterns come the files with a model-index; those in the folder
    `reports`, which hold copies of pages, only if the argument is below it. With `root`, folders are below it. Files
    that lead out of their folder are skipped; those that cannot be read are pages. Raises ProjectError if a file does
    not exist, or if a folder or pattern has no page; and OSError if a folder cannot be read.
    """
    pages: dict[Path, bytes | None] = {}
    skipped = 0
    for argument in arguments:
        path = start / argument
        if path.is_dir():
            folder, pattern = path, "**/*"
        elif is_pattern(argument.as_posix()) and not path.exists():
            fixed = next(index for index, part in enumerate(path.parts) if is_pattern(part))
            folder, pattern = Path(*path.parts[:fixed]), "/".join(path.parts[fixed:])
        else:
            if not os.path.lexists(path) and (root is None or leads_inside(path, root)):
                raise ProjectError(f"{argument}: expected a page, got no such file; correct the path")
            pages.setdefault(path, None)
            continue
        if root and not leads_inside(folder, root):
            raise ProjectError(f"{argument}: expected a folder inside the project, got one outside; correct the path")
        files = [file for file in _matching(folder, pattern) if file.suffix.casefold() in SUFFIXES]
        if reports and not leads_inside(path, reports):
            files = [file for file in files if not leads_inside(file, reports)]
        read = {file: _read(file, root or folder) for file in files}
        found = {file: data for file, (is_page, data) in read.items() if is_page}
        if not found:
            without = f"{len(files)} files of {', '.join(sorted(SUFFIXES))} without one"
            fix = "name a page, or a folder that contains some"
            raise ProjectError(f"{argument}: expected pages with a model-index, got {without}; {fix}")
        pages |= found
        skipped += len(files) - len(found)
    return Discovered(pages, skipped)


def _matching(folder: Path, pattern: str) -> list[Path]:
    return [folder / name for name in matching(FolderFiles(folder), pattern)]


def _read(path: Path, root: Path) -> tuple[bool, bytes | None]:
    """Whether a file has a model-index or cannot be read, which reading the page reports; and its bytes."""
    try:
        data = read_start(path, MOST_BYTES + 1, root)
    except FileNotFoundError:
        return False, None  # a link to nothing
    except OSError as error:
        return error.errno is not None, None  # other kinds of files and links that lead out have no number
    is_page = says_index(data.decode("utf-8", "replace"), path.name)
    return is_page, data if len(data) <= MOST_BYTES else None


def imported_pages(texts: Mapping[str, str], files_of: Mapping[str, Files]) -> set[str]:
    """The pages, by name, that another of them imports. A page that cannot be read counts as importing nothing."""
    candidates = [name for name, text in texts.items() if _MAY_IMPORT.search(text)]
    return {other for name in candidates for other in _imports(name, texts[name], files_of[name]) if other in texts}


def _imports(name: str, text: str, files: Files) -> Sequence[str]:
    # Loads the parser, which pages without imports do not need.
    from harness.index.faults import PageError
    from harness.index.page import page_from_text
    from harness.index.reading.imports import declared

    try:
        imports = declared(page_from_text(text, name), files)
    except PageError:
        return ()
    return [other for other in imports.pages if other != name]
