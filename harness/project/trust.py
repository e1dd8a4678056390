"""Whether somebody on this machine trusts a project's own builders, which are code that runs.

Trust is remembered in the user's data folder, in a file whose name is a hash of the project's real path, its
`[builders]`, and its Python modules: moved projects and changed builders are not trusted, nor is a checkout of a pull
request that changes what they import.
"""

import hashlib
import json
import os
from pathlib import Path

from harness.project.documents import ProjectError
from harness.project.own_code import project_code
from harness.system.cache_folder import data_home, data_problem, keep_cache_outside
from harness.system.files import write_atomically

Builders = tuple[tuple[str, str], ...]


def is_trusted(root: Path, builders: Builders) -> bool:
    """Whether the builders of the project in the folder `root` are trusted. Nothing in the checkout decides it."""
    keep_cache_outside([root])
    # Without builders or trust, the modules are not read.
    if not builders or not _trusted_folder().is_dir() or data_problem():
        return False
    return _trust_file(root, builders).is_file()


def trust(root: Path, builders: Builders) -> None:
    """Trust these builders from now on. Raises ProjectError if that cannot be remembered outside the checkout."""
    keep_cache_outside([root])
    if problem := data_problem():
        raise ProjectError(f"trust cannot be remembered in {data_home()}: {problem}")
    file = _trust_file(root, builders)
    try:
        write_atomically(file, f"{os.path.realpath(root)}\n".encode("utf-8", "surrogateescape"))
    except OSError as error:
        fix = "set XDG_DATA_HOME to a folder of yours outside the checkout"
        raise ProjectError(f"{file.parent}: expected a folder to write to, got: {error.strerror}; {fix}") from None


def _trusted_folder() -> Path:
    return data_home() / "trusted"


def _trust_file(root: Path, builders: Builders) -> Path:
    trusted = json.dumps([os.path.realpath(root), builders, project_code(root)])
    return _trusted_folder() / hashlib.sha256(trusted.encode()).hexdigest()
