"""README files that models and collections name: whether each is there."""

import posixpath

from harness.index.entries import Readme, Value
from harness.index.files import Files, beside

_LONGEST = 255


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
