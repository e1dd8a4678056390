"""The project's pages as they were at a commit, read from git's objects."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from harness.index.entries import Index
from harness.index.faults import Fault, PageError
from harness.index.files import NoFiles
from harness.index.page import page_from_bytes
from harness.index.reading.index import read_index
from harness.project.files import CommitFiles
from harness.project.project import Project
from harness.system.git import blob


@dataclass(frozen=True, slots=True)
class Base:
    """A repository at a commit: its root, the commit, and how the user calls it."""

    top: Path
    commit: str
    reference: str

    def name(self, path: Path) -> str | None:
        """A file's path from the repository's root, empty for the root itself; None for a file elsewhere."""
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(self.top):
            return None
        below = real.relative_to(self.top).as_posix()
        return "" if below == "." else below

    def file(self, path: Path) -> bytes | None:
        """The bytes of the file at the commit; None where there was none."""
        name = self.name(path)
        return None if name is None else blob(self.top, self.commit, name)

    def index(self, name: str, path: Path, project: Project) -> Index | None:
        """The page's index, with its imports, at the commit; None where there was no such page. Raises PageError."""
        data = self.file(path)
        now = project.files_of(name)
        folder = self.name(now.folder)
        files = NoFiles() if folder is None else CommitFiles(self.top, self.commit, folder, now.prefix)
        try:
            return None if data is None else read_index(page_from_bytes(data, name), project.includes, files)
        except PageError as error:
            raise PageError([self._told(fault) for fault in error.faults]) from None

    def index_or_error(self, name: str, path: Path, project: Project) -> Index | PageError | None:
        """The same; what was wrong with a page that could not be read."""
        try:
            return self.index(name, path, project)
        except PageError as error:
            return error

    def _told(self, fault: Fault) -> Fault:
        """The fault of a page at the commit, as git calls its place: `main:modelindex/page.md`."""
        return replace(fault, where=replace(fault.where, file=f"{self.reference}:{fault.where.file}"))
