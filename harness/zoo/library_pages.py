"""Pages that nobody wrote: what a library says of its own models, read as if it were a page."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from harness.errors import UserError
from harness.system.files import cache_home, code_digest, write_atomically

_LIBRARY = "torchvision:"


class NoModelsError(UserError):
    """A library has no models of these names; the message says how to see which it has."""


def published_pages(named: Sequence[Path]) -> dict[str, str]:
    """The texts of the pages that are named as `torchvision:PATTERN`, by their names. Raises NoModelsError."""
    patterns = [str(one).removeprefix(_LIBRARY) for one in named if is_published(one)]
    return {f"{_LIBRARY}{pattern}.yml": _text(pattern) for pattern in patterns}


def is_published(page: Path) -> bool:
    """Whether a page is named by a library and not by a path."""
    return str(page).startswith(_LIBRARY) and not page.exists()


def _text(pattern: str) -> str:
    """The page, kept as long as torchvision and what writes it are the same: importing it takes seconds."""
    made_by = f"{version('torchvision')}\0{code_digest('zoo/torchvision_page.py')}\0{pattern}"
    kept = cache_home() / "published" / f"{hashlib.sha256(made_by.encode()).hexdigest()}.yml"
    if kept.is_file():
        return kept.read_text("utf-8")
    from harness.zoo.torchvision_page import page_text

    text = page_text(pattern)
    if text is None:
        some = "such as torchvision:resnet50, or torchvision:* for all"
        raise NoModelsError(f"{_LIBRARY}{pattern}: expected models of torchvision, {some}; got none of that name")
    with suppress(OSError):  # what cannot be kept costs time, nothing else
        write_atomically(kept, text.encode())
    return text
