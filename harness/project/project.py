"""A project: the folder that holds `modelindex/verify.toml`, the pages it names, and what lies beside it."""

import os
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.index.faults import PageError
from harness.index.page import Page, page_from_text, read_page
from harness.project.discovery import discover, imported_pages
from harness.project.files import FolderFiles
from harness.project.lock import LockFileError, read_lock
from harness.project.records import RecordFileError, read_records
from harness.project.resources import Resources
from harness.project.settings import ProjectError, read_settings
from harness.project.waivers import Waiver

_START = """expected a page, or modelindex/verify.toml here or in a folder above, got neither.
To start one, put a page with a model-index into modelindex/ and name it:

    mkdir -p modelindex
    echo 'pages = ["my-page.md"]' > modelindex/verify.toml
    verify all

Or name pages on the command line: verify all path/to/page.md"""


@dataclass(frozen=True, slots=True)
class Project:
    """A root folder and the pages to verify, each with its name in verdicts (relative to the root).

    `whole` tells that these are all pages of the project: its reports are about all of them or left alone.
    `resources` are what every machine has that has the project. `others` counts the files that were looked at and hold
    no model-index. `edited` holds texts in the place of those of pages and of what they import, by name.
    """

    root: Path
    pages: tuple[tuple[str, Path], ...]
    whole: bool
    resources: Resources = field(default_factory=Resources)
    waivers: tuple[Waiver, ...] = ()
    others: int = 0
    edited: Mapping[str, str] = field(default_factory=dict)

    def page(self, name: str, path: Path) -> Page:
        """One of its pages. Raises PageError."""
        return page_from_text(self.edited[name], name) if name in self.edited else read_page(path, name)

    def files_of(self, page: str) -> FolderFiles:
        """The files that a page may import: those below the root; of a page elsewhere, those below its own folder."""
        edited = {name: text.encode() for name, text in self.edited.items()}
        if not _is_outside(page):
            return FolderFiles(self.root, edited=edited)
        return FolderFiles(self.root / posixpath.dirname(page), posixpath.dirname(page), edited)

    @property
    def includes(self) -> Path:
        """The folder of what pages include."""
        return self.root / "modelindex" / "_includes"

    @property
    def references(self) -> Path:
        """The folder of the project's own references."""
        return self.root / "modelindex" / "references"

    @property
    def records(self) -> Path:
        """The file of accuracies measured elsewhere."""
        return self.root / "modelindex" / "records.json"

    @property
    def lock(self) -> Path:
        """The file of what weights files were when they were seen."""
        return self.root / "modelindex" / "weights.lock"


def find_project(start: Path, pages: Sequence[Path], texts: Mapping[str, str] | None = None) -> Project:
    """The project at or above `start`, with `pages`, or its configured ones where there are none.

    `texts` are pages that are no files, by name. Raises ProjectError where there is nothing to verify or the
    configuration is faulty.
    """
    texts = texts or {}
    folders = (folder for folder in (start, *start.parents) if (folder / "modelindex" / "verify.toml").is_file())
    root = next(folders, None)
    if root is None and not pages and not texts:
        raise ProjectError(_START)
    no_files = tuple((name, start / name) for name in texts)
    if root is None:
        found = discover(pages, start)
        named = _named(found.pages, start) + no_files
        return _alone(Project(start, named, not texts, Resources(start), (), found.others, texts))
    settings = read_settings(root / "modelindex" / "verify.toml")
    found = (
        discover(pages, start, root / "reports") if pages or texts else discover(settings.pages, root / "modelindex")
    )
    try:
        records = read_records(root / "modelindex" / "records.json")
        lock = read_lock(root / "modelindex" / "weights.lock")
    except (RecordFileError, LockFileError) as error:
        raise ProjectError(str(error)) from None
    resources = Resources(
        root,
        images=settings.datasets,
        tolerances=settings.tolerances,
        records=records,
        lock=lock,
        builders=settings.builders,
    )
    named = _named(found.pages, root) + no_files
    return _alone(Project(root, named, not (pages or texts), resources, settings.waivers, found.others, texts))


def _alone(project: Project) -> Project:
    """The project without the pages that others of its pages import, so that none is verified twice."""
    if len(project.pages) == 1:
        return project
    texts = {}
    for name, path in project.pages:
        try:
            texts[name] = project.page(name, path).text
        except PageError:
            continue  # reported where it is verified
    imported = imported_pages(texts, {name: project.files_of(name) for name in texts})
    return replace(project, pages=tuple(page for page in project.pages if page[0] not in imported))


def _is_outside(name: str) -> bool:
    return name.startswith(("/", ".."))


def _named(pages: Sequence[Path], root: Path) -> tuple[tuple[str, Path], ...]:
    return tuple({_name(page, root): page for page in pages}.items())


def _name(page: Path, root: Path) -> str:
    """The page's path below the root, or as it was given where it lies elsewhere."""
    resolved, above = Path(os.path.realpath(page)), Path(os.path.realpath(root))
    return resolved.relative_to(above).as_posix() if resolved.is_relative_to(above) else page.as_posix()
