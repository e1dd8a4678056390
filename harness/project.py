"""A project: the folder that holds `modelindex/verify.toml`, the pages it names, and what lies beside it."""

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_KNOWN = {"pages"}
_START = """expected a page, or modelindex/verify.toml here or in a folder above, got neither.
To start one, put a page with a model-index into modelindex/ and name it:

    mkdir -p modelindex
    echo 'pages = ["my-page.md"]' > modelindex/verify.toml
    verify all

Or name pages on the command line: verify all path/to/page.md"""


class ProjectError(Exception):
    """The project's files cannot be used; the message names the place, what was expected, and the mend."""


@dataclass(frozen=True, slots=True)
class Project:
    """A root folder and the pages to verify, each with its name in verdicts (relative to the root).

    `whole` tells that these are all pages of the project: its reports are about all of them or left alone.
    """

    root: Path
    pages: tuple[tuple[str, Path], ...]
    whole: bool

    @property
    def includes(self) -> Path:
        """The folder of what pages include."""
        return self.root / "modelindex" / "_includes"

    @property
    def references(self) -> Path:
        """The folder of the project's own references."""
        return self.root / "modelindex" / "references"


@dataclass(frozen=True, slots=True)
class Resources:
    """What this machine has beside the project: a folder of weights files, a git repository of the source."""

    weights: Path | None = None
    source: Path | None = None


def find_project(start: Path, pages: Sequence[Path]) -> Project:
    """The project at or above `start`, with `pages`, or its configured ones where there are none.

    Raises ProjectError where there is nothing to verify or the configuration is faulty.
    """
    folders = (folder for folder in (start, *start.parents) if (folder / "modelindex" / "verify.toml").is_file())
    root = next(folders, None)
    if root is None and not pages:
        raise ProjectError(_START)
    if root is None:
        return Project(start, _named([start / page for page in pages], start), whole=True)
    if pages:
        return Project(root, _named([start / page for page in pages], root), whole=False)
    return Project(root, _named(_configured(root), root), whole=True)


def _configured(root: Path) -> list[Path]:
    """The pages that the project's verify.toml names."""
    path = root / "modelindex" / "verify.toml"
    shown = "modelindex/verify.toml"
    try:
        settings = tomllib.loads(path.read_text("utf-8-sig"))
    except (ValueError, RecursionError, OSError) as error:
        raise ProjectError(f"{shown}: expected TOML, got {error}; mend the file") from None
    unknown = sorted(settings.keys() - _KNOWN)
    if unknown:
        known = ", ".join(sorted(_KNOWN))
        raise ProjectError(f"{shown}: expected the keys {known}, got {', '.join(unknown)}; remove or rename them")
    names = settings.get("pages")
    if not isinstance(names, list) or not names or not all(map(_is_name, names)):
        raise ProjectError(f'{shown}: expected pages = ["page.md", …], got {names!r}; name at least one page')
    return [path.parent / name for name in names]


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name.isprintable()


def _named(pages: Sequence[Path], root: Path) -> tuple[tuple[str, Path], ...]:
    return tuple({_name(page, root): page for page in pages}.items())


def _name(page: Path, root: Path) -> str:
    """The page's path below the root, or as it was given where it lies elsewhere."""
    resolved, above = Path(os.path.realpath(page)), Path(os.path.realpath(root))
    return resolved.relative_to(above).as_posix() if resolved.is_relative_to(above) else page.as_posix()
