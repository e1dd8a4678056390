"""README files that models and collections name: whether each is there."""

import posixpath
from dataclasses import dataclass

from harness.index.faults import Location
from harness.index.files import Files, beside
from harness.index.values import Value

_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Readme:
    """A README that is named at `where`: the file it is, or None; and whether the folder is there to look in."""

    where: Location
    file: str | None
    folder: bool


def readme_of(value: Value, files: Files) -> Readme | None:
    """What is there of a README, beside the file that names it or below the root; None for text that is no path.

    A README may hold the text itself; a path is one line that ends in `.md`, as paperswithcode/model-index tells them
    apart (modelindex/models/Model.py, commit 1c6ff54).
    """
    path = value.raw.strip()
    if not is_path(path):
        return None
    names = [name for name in (beside(value.where.file, path), posixpath.normpath(path)) if name]
    names = [name for name in dict.fromkeys(names) if not name.startswith(("/", ".."))]
    try:
        found = next((name for name in names if files.read(name) is not None), None)
        folder = any(files.listed(posixpath.dirname(name), deep=False) for name in names)
    except OSError:
        return Readme(value.where, None, folder=True)
    return Readme(value.where, found, folder)


def is_path(text: str) -> bool:
    """Whether a README is named by its path."""
    return text.endswith(".md") and len(text) <= _LONGEST and text.isprintable() and "://" not in text
