"""A project: the folder with `modelindex/verify.toml`, its pages, references, records and lock."""

import os
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.index.faults import PageError
from harness.index.page import MOST_BYTES, Page, page_from_bytes, page_from_text, read_page, unreadable_page
from harness.project.discovery import discover, imported_pages
from harness.project.documents import ProjectError
from harness.project.files import FolderFiles
from harness.project.lock import read_lock
from harness.project.records import by_model_and_dataset, read_records
from harness.project.references import SHIPPED, References, load_references
from harness.project.resources import Resources
from harness.project.settings import SETTINGS_FILE, read_settings
from harness.project.trust import is_trusted
from harness.project.waivers import Waiver
from harness.system.files import leads_inside, read_file

_START = """expected a page, or modelindex/verify.toml here or in a folder above, got neither.
To start one, put a page with a model-index into modelindex/ and name it:

    mkdir -p modelindex
    echo 'pages = ["my-page.md"]' > modelindex/verify.toml
    verify all

Or name pages on the command line: verify all path/to/page.md"""


class NoProjectError(ProjectError):
    """No pages to verify. The message says how to start a project."""

    has_lines = True


@dataclass(frozen=True, slots=True)
class Project:
    """A root folder and the pages to verify, each with its name in verdicts (relative to the root).

    `covers_all_pages` is true if these are all pages of a project; only then may its reports be replaced. `resources`
    hold what every machine with the project has. `skipped` counts the files that were read but have no model-index.
    `edited` holds texts that replace those of pages, and of files that they import, by name. Each page is read once:
    `read` holds the bytes of those that finding the project read, then every page that was asked for.
    """

    root: Path
    pages: tuple[tuple[str, Path], ...]
    covers_all_pages: bool
    references: References
    resources: Resources = field(default_factory=Resources)
    waivers: tuple[Waiver, ...] = ()
    skipped: int = 0
    edited: Mapping[str, str] = field(default_factory=dict)
    read: dict[str, bytes | Page] = field(default_factory=dict, repr=False, compare=False)

    def page(self, name: str, path: Path) -> Page:
        """A page of the project; one without blocks if it cannot be read."""
        page = None if name in self.edited else self.read.get(name)
        if not isinstance(page, Page):
            try:
                page = self._read(name, path, page)
            except PageError as error:
                page = unreadable_page(name, error)
            if name not in self.edited:
                self.read[name] = page
        return page

    def _read(self, name: str, path: Path, data: bytes | None) -> Page:
        if name in self.edited:
            return page_from_text(self.edited[name], name)
        return read_page(path, name, self._root_of(path)) if data is None else page_from_bytes(data, name)

    def _root_of(self, path: Path) -> Path | None:
        """The folder that the file of a page must be below.

        A page outside the project is a choice of the command line; verify.toml, and links in the project, have none.
        """
        is_chosen = not (self.covers_all_pages or Path(os.path.abspath(path)).is_relative_to(self.root))  # noqa: PTH100 - links stay
        return None if is_chosen else self.root

    def files_of(self, page: str) -> FolderFiles:
        """The files that a page may import: those of the project; for a page outside it, those of the page's folder."""
        edited = {name: text.encode() for name, text in self.edited.items()}
        if not page.startswith(("/", "..")):
            return FolderFiles(self.root, edited=edited)
        return FolderFiles(self.root / posixpath.dirname(page), posixpath.dirname(page), edited)

    @property
    def includes(self) -> Path:
        """The folder of the files that pages include."""
        return self.root / "modelindex" / "_includes"

    @property
    def included(self) -> dict[str, bytes]:
        """What the files in `includes` hold, by path; for one that cannot be read, the reason."""
        contents = {}
        for path in sorted(self.includes.rglob("*")) if leads_inside(self.includes, self.root) else ():
            try:
                contents[str(path)] = read_file(path, MOST_BYTES, self.root)
            except OSError as error:
                contents[str(path)] = str(error).encode()
        return contents

    @property
    def records(self) -> Path:
        """The file of accuracies measured on other machines."""
        return self.root / "modelindex" / "records.json"

    @property
    def lock(self) -> Path:
        """The lock of the weights files."""
        return self.root / "modelindex" / "weights.lock"


def find_root(start: Path) -> Path | None:
    """The nearest folder, at or above `start`, that has a verify.toml."""
    return next((folder for folder in (start, *start.parents) if (folder / SETTINGS_FILE).exists()), None)


def find_project(
    start: Path, pages: Sequence[Path], texts: Mapping[str, str] | None = None, *, allow_builders: bool = False
) -> Project:
    """The project at or above `start`, with the given pages, or all its pages if none are given.

    `texts` are pages that are not files, by name. The project's own builders may run if the user allows it with
    `allow_builders` or trusted them before. Raises ProjectError if there is nothing to verify or a file of the
    project is invalid.
    """
    texts = texts or {}
    root = find_root(start)
    if root is None and not pages and not texts:
        raise NoProjectError(_START)
    modelindex = (root or start) / "modelindex"
    references = load_references([SHIPPED, modelindex / "references"])
    if root is None:
        covers_all_pages, found = False, discover(pages, start)
        waivers: tuple[Waiver, ...] = ()
        resources = Resources(start)
    else:
        settings = read_settings(root / SETTINGS_FILE)
        _require_known_datasets(settings.datasets, references)
        covers_all_pages, waivers = not (pages or texts), settings.waivers
        found = (
            discover(settings.pages, modelindex, root=root)
            if covers_all_pages
            else discover(pages, start, root / "reports")
        )
        resources = Resources(
            root,
            images=settings.datasets,
            tolerances=settings.tolerances,
            records=by_model_and_dataset(read_records(modelindex / "records.json")),
            lock=read_lock(modelindex / "weights.lock"),
            builders=settings.builders,
            run_builders=allow_builders or is_trusted(root, settings.builders),
        )
    names = {_name(page, root or start): page for page in found.pages} | {name: start / name for name in texts}
    read: dict[str, bytes | Page] = {
        name: data for name, path in names.items() if (data := found.pages.get(path)) is not None and _is_text(path)
    }
    project = Project(
        root or start,
        tuple(names.items()),
        covers_all_pages,
        references,
        resources,
        waivers,
        found.skipped,
        texts,
        read,
    )
    return _without_imported_pages(project)


def _require_known_datasets(datasets: Iterable[str], references: References) -> None:
    for dataset in datasets:
        if dataset not in references.datasets:
            known = references.find_dataset(dataset)
            fix = f"write {known}" if known else "add its names and classes to a file in modelindex/references/"
            raise ProjectError(f"{SETTINGS_FILE}: unknown dataset {dataset} at datasets.{dataset}; {fix}")


def _without_imported_pages(project: Project) -> Project:
    """The project without the pages that another of its pages imports, so that none is verified twice."""
    if len(project.pages) == 1:
        return project
    texts = {}
    for name, path in project.pages:
        texts[name] = project.page(name, path).text
    imported = imported_pages(texts, {name: project.files_of(name) for name in texts})
    return replace(project, pages=tuple(page for page in project.pages if page[0] not in imported))


def _is_text(path: Path) -> bool:
    """Whether a file's name is Unicode; `read_page` reports one that is not."""
    return str(path).encode(errors="replace").decode() == str(path)


def _name(page: Path, root: Path) -> str:
    """The page's path relative to the root; that of the link for one that leads out; as given for a page outside.

    Bytes that are not UTF-8 are written as escapes.
    """
    for path, folder in (
        (os.path.realpath(page), os.path.realpath(root)),
        (os.path.abspath(page), os.path.abspath(root)),  # noqa: PTH100 - links stay
    ):
        if Path(path).is_relative_to(folder):
            return _escaped(Path(path).relative_to(folder))
    return _escaped(page)


def _escaped(path: Path) -> str:
    return os.fsencode(path.as_posix()).decode(errors="backslashreplace")
