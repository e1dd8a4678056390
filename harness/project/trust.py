"""Whether somebody on this machine trusts a project's own builders, which are code that runs.

Trust is remembered in the user's data folder, in a file whose name is a hash of the project's real path and its
`[builders]`: moved projects and changed builders are not trusted.
"""

import hashlib
import json
import os
from pathlib import Path

from harness.project.documents import ProjectError
from harness.system.files import data_home, write_atomically

Builders = tuple[tuple[str, str], ...]


def is_trusted(root: Path, builders: Builders) -> bool:
    """Whether the builders of the project in the folder `root` are trusted. Nothing in the checkout decides it."""
    file = _trust_file(root, builders)
    return file.is_file() and not _is_in_checkout(file, root)


def trust(root: Path, builders: Builders) -> None:
    """Trust these builders from now on. Raises ProjectError if that cannot be remembered outside the checkout."""
    file = _trust_file(root, builders)
    fix = "set XDG_DATA_HOME to a folder of yours outside the checkout"
    if _is_in_checkout(file, root):
        raise ProjectError(f"expected a data folder outside the checkout, got {file.parent}; {fix}")
    try:
        write_atomically(file, f"{os.path.realpath(root)}\n".encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise ProjectError(f"{file.parent}: expected a folder to write to, got: {error.strerror}; {fix}") from None


def _trust_file(root: Path, builders: Builders) -> Path:
    trusted = json.dumps([os.path.realpath(root), builders])
    return data_home() / "trusted" / hashlib.sha256(trusted.encode()).hexdigest()


def _is_in_checkout(file: Path, root: Path) -> bool:
    """Whether a commit could contain the file: it lies in the project's checkout, or in the project without one."""
    project = Path(os.path.realpath(root))
    checkout = next((folder for folder in (project, *project.parents) if (folder / ".git").exists()), project)
    return Path(os.path.realpath(file)).is_relative_to(checkout)
