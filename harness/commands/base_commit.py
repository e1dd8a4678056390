"""The project as it was at a commit, read from git's objects."""

import os
from dataclasses import dataclass
from pathlib import Path

from harness.index.entries import Index
from harness.index.faults import Fault, Location, PageError
from harness.index.files import NoFiles
from harness.index.page import MOST_BYTES, page_from_bytes, unreadable_page
from harness.index.reading.index import read_index
from harness.project.files import CommitFiles
from harness.project.project import Project
from harness.system.git import blob, has_file


@dataclass(frozen=True, slots=True)
class BaseCommit:
    """A commit: the root of its repository, its hash, and the reference by which the user named it."""

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

    def has(self, path: Path) -> bool:
        """Whether there was a file at the commit."""
        name = self.name(path)
        return name is not None and has_file(self.top, self.commit, name)

    def read(self, path: Path, most_bytes: int) -> bytes | None:
        """The bytes of the file at the commit; None if there was none. Raises OSError for more than `most_bytes`."""
        name = self.name(path)
        return None if name is None else blob(self.top, self.commit, name, most_bytes)

    def read_index(self, name: str, path: Path, project: Project) -> Index | None:
        """The page's index at the commit, with its imports; None if there was no such page."""
        try:
            data = self.read(path, MOST_BYTES)
            if data is None:
                return None
            page = page_from_bytes(data, name)
        except PageError as error:
            page = unreadable_page(name, error)
        except OSError as error:
            expected, found = f"a page of at most {MOST_BYTES} bytes", str(error.strerror)
            page = unreadable_page(name, PageError([Fault(Location(name, 1, 1), expected, found, "split the page")]))
        now = project.files_of(name)
        folder = self.name(now.folder)
        files = NoFiles() if folder is None else CommitFiles(self.top, self.commit, folder, now.prefix)
        return read_index(page, project.includes, files)
