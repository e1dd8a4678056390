"""Digests of the code that a project's own builders can run."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from functools import cache
from importlib.machinery import all_suffixes
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.system.files import leads_inside

_OWN_DISTRIBUTION = "model-card-harness"  # its code is part of every key
_NOT_OURS = {"__pycache__", "node_modules", "site-packages"}
_SUFFIXES = tuple(all_suffixes())


@cache
def project_code(root: Path) -> str:
    """SHA-256 of the Python modules in a folder, and of the links: a builder can import any of them.

    Bytecode in `__pycache__` is left out: builders are imported from their source.
    """
    digest = hashlib.sha256()
    for path in sorted(_modules_and_links(root)):
        digest.update(os.fsencode(f"{os.path.relpath(path, root)}\0{_content(path, root)}\n"))
    return digest.hexdigest()


@cache
def installed_code() -> str:
    """SHA-256 of the versions of all installed distributions, and of the modules of those installed as editable."""
    installed = sorted(json.dumps(_description(distribution)) for distribution in distributions())
    return hashlib.sha256("\n".join(installed).encode()).hexdigest()


def _description(distribution: Distribution) -> tuple[str | None, ...]:
    name = distribution.metadata["Name"]
    if name == _OWN_DISTRIBUTION:
        return (name,)
    # PEP 610: where a distribution came from that no index has.
    origin = distribution.read_text("direct_url.json")
    source = json.loads(origin) if origin else {}
    folder = unquote(urlsplit(source["url"]).path) if source.get("dir_info", {}).get("editable") else None
    return name, distribution.version, origin, project_code(Path(folder)) if folder else None


def _modules_and_links(root: Path) -> Iterator[str]:
    """The modules below a folder, and the links to files and folders, without those of installed packages."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_OURS]
        names = [name for name in files if name.endswith(_SUFFIXES)]
        names += [name for name in folders if os.path.islink(f"{folder}/{name}")]  # noqa: PTH114 - for many files
        yield from (f"{folder}/{name}" for name in names)


def _content(path: str, root: Path) -> str:
    try:
        target = os.readlink(path) if os.path.islink(path) else ""  # noqa: PTH114, PTH115 - for many files
        if target and not leads_inside(Path(path), root):
            return f"link to {target}"
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return f"link to {target}, or no regular file"
        with Path(path).open("rb") as file:
            return f"{target}\0{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        return f"unreadable: {error.strerror}"
