"""What verify.toml said at a commit: its builders and its pages."""

import posixpath
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from harness.commands.base_commit import BaseCommit
from harness.index.files import is_pattern, matching
from harness.index.page import MOST_BYTES, SUFFIXES, says_index
from harness.project import documents
from harness.project.files import CommitFiles
from harness.project.project import Project
from harness.project.settings import SETTINGS_FILE
from harness.project.trust import is_trusted
from harness.system.git import RepositoryError, commit_of, top_folder


def with_builders_of(project: Project, reference: str) -> Project:
    """The project with the builders of a commit, if it has any: those that a change adds or replaces are not run.

    Raises RepositoryError if the commit cannot be read.
    """
    if not project.resources.builders:
        return project
    top = top_folder(project.root)
    table = _settings_at(project, BaseCommit(top, commit_of(top, reference), reference)).get("builders")
    lines = table.items() if isinstance(table, dict) else ()
    builders = tuple((pattern, function) for pattern, function in lines if isinstance(function, str))
    if builders == project.resources.builders:
        return project
    trusted = is_trusted(project.root, builders)
    return replace(project, resources=replace(project.resources, builders=builders, run_builders=trusted))


def require_base_pages(project: Project, base: BaseCommit, imported: Iterable[str]) -> None:
    """Raises RepositoryError if a page of the commit's verify.toml is neither a page now nor imported by one."""
    folder = project.root / "modelindex"
    pages = _settings_at(project, base).get("pages")
    names = [name for name in pages if isinstance(name, str)] if isinstance(pages, list) else []
    known = {base.name(path) for _, path in project.pages} | {base.name(project.root / name) for name in imported}
    paths = {folder / path for name in names for path in _pages_at(project, base, name)}
    lost = sorted(path for path in paths if base.name(path) not in known)
    if lost:
        new = [name for name, path in project.pages if not base.has(path)]
        renamed = f" (renamed to {', '.join(new)}?)" if new else ""
        raise RepositoryError(
            f"expected the pages of {base.reference}, got none for "
            f"{', '.join(base.name(path) or path.name for path in lost)}{renamed}: deleted or renamed pages cannot be "
            "compared; name the pages to compare on the command line, or run `verify all`"
        )


def _settings_at(project: Project, base: BaseCommit) -> Mapping[str, Any]:
    """The content of the commit's verify.toml; empty if there is none, or if it is invalid."""
    try:
        settings = base.read(project.root / SETTINGS_FILE, documents.MOST_BYTES) or b""
        return tomllib.loads(settings.decode("utf-8-sig"))
    except (OSError, ValueError):
        return {}


def _pages_at(project: Project, base: BaseCommit, name: str) -> Iterator[str]:
    """The pages that a file, folder or pattern in verify.toml named at the commit, relative to modelindex/."""
    folder = project.root / "modelindex"
    if base.has(folder / name):
        yield name
        return
    if not is_pattern(name):
        name = posixpath.normpath(f"{name}/**/*")
    for path in matching(CommitFiles(base.top, base.commit, base.name(folder) or ""), name):
        if PurePosixPath(path).suffix.casefold() in SUFFIXES:
            with suppress(OSError):  # too large to be a page
                data = base.read(folder / path, MOST_BYTES) or b""
                if says_index(data.decode("utf-8", "replace"), path):
                    yield path
