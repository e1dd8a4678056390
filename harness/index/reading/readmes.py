"""README files that models and collections name: whether each of them exists."""

import posixpath

from harness.index.entries import Readme, Value
from harness.index.files import Files, beside

_MAX_LENGTH = 255


def find_readme(value: Value, files: Files) -> Readme | None:
    """The README that a value names, beside the file of the value or below the root; None if the text is not a path.

    The field may also hold the text of the README. A path is one line that ends in `.md`, as in
    paperswithcode/model-index (modelindex/models/Model.py, commit 1c6ff54).
    """
    path = value.raw.strip()
    if not (path.endswith(".md") and len(path) <= _MAX_LENGTH and path.isprintable() and "://" not in path):
        return None
    candidates = dict.fromkeys(filter(None, (beside(value.where.file, path), posixpath.normpath(path))))
    names = [name for name in candidates if not name.startswith(("/", ".."))]
    try:
        file = next((name for name in names if files.read(name) is not None), None)
        folder = any(files.listed(posixpath.dirname(name), deep=False) for name in names)
    except OSError:
        return Readme(value.where, None, folder=True)
    return Readme(value.where, file, folder)
