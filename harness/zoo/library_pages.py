"""Pages generated from a library's metadata of its own models."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from harness.errors import UserError
from harness.system.cache_folder import cache_home
from harness.system.files import code_digest, write_atomically

_PREFIX = "torchvision:"
_CODE = ("zoo/torchvision_page.py", "zoo/torchvision_models.py")


class NoModelsError(UserError):
    """The library has no models of these names."""


def library_pages(pages: Sequence[Path]) -> dict[str, str]:
    """The texts of the pages named `torchvision:PATTERN`, by name. Raises NoModelsError."""
    patterns = [str(page).removeprefix(_PREFIX) for page in pages if is_library_page(page)]
    return {f"{_PREFIX}{pattern}.yml": _text(pattern) for pattern in patterns}


def is_library_page(page: Path) -> bool:
    """Whether the page is `torchvision:PATTERN`, not a path."""
    return str(page).startswith(_PREFIX) and not page.exists()


def _text(pattern: str) -> str:
    """The page, cached until torchvision or the code that writes it changes: importing torchvision takes seconds."""
    key = f"{version('torchvision')}\0{code_digest(*_CODE)}\0{pattern}"
    cached = cache_home() / "library-pages" / f"{hashlib.sha256(key.encode()).hexdigest()}.yml"
    if cached.is_file():
        return cached.read_text("utf-8")
    from harness.zoo.torchvision_page import page_text

    text = page_text(pattern)
    if text is None:
        expected = "expected the name or pattern of a torchvision model, such as torchvision:resnet50 or torchvision:*"
        raise NoModelsError(f"{_PREFIX}{pattern}: {expected}; found no such model; correct the name")
    with suppress(OSError):  # the cache is optional
        write_atomically(cached, text.encode())
    return text
