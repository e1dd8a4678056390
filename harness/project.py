"""A project: the folder that holds `modelindex/verify.toml`, the pages it names, and what lies beside it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.lock import LockFileError, read_lock
from harness.record import RecordFileError, read_records
from harness.resources import Resources
from harness.settings import ProjectError, read_settings
from harness.waivers import Waiver

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
    `resources` are what every machine has that has the project.
    """

    root: Path
    pages: tuple[tuple[str, Path], ...]
    whole: bool
    resources: Resources = field(default_factory=Resources)
    waivers: tuple[Waiver, ...] = ()

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


def find_project(start: Path, pages: Sequence[Path]) -> Project:
    """The project at or above `start`, with `pages`, or its configured ones where there are none.

    Raises ProjectError where there is nothing to verify or the configuration is faulty.
    """
    folders = (folder for folder in (start, *start.parents) if (folder / "modelindex" / "verify.toml").is_file())
    root = next(folders, None)
    if root is None and not pages:
        raise ProjectError(_START)
    if root is None:
        return Project(start, _named([start / page for page in pages], start), whole=True, resources=Resources(start))
    settings = read_settings(root / "modelindex" / "verify.toml")
    named = _named([start / page for page in pages] or settings.pages, root)
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
    return Project(root, named, not pages, resources, settings.waivers)


def _named(pages: Sequence[Path], root: Path) -> tuple[tuple[str, Path], ...]:
    return tuple({_name(page, root): page for page in pages}.items())


def _name(page: Path, root: Path) -> str:
    """The page's path below the root, or as it was given where it lies elsewhere."""
    resolved, above = Path(os.path.realpath(page)), Path(os.path.realpath(root))
    return resolved.relative_to(above).as_posix() if resolved.is_relative_to(above) else page.as_posix()
