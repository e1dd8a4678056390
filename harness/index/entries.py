"""The model-index as data: collections, models and results, whose values know their location."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.index.faults import Location
from harness.index.files import Question
from harness.index.page import Page


@dataclass(frozen=True, slots=True)
class Value:
    """A declared value: its text, or the texts of a list, where it stands, and the comment behind it on its line."""

    raw: str
    where: Location
    items: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A collection, model or result: its values by kind (the page's key in snake_case).

    `common` is the metadata of a collection, which its models inherit.
    """

    values: dict[str, Value]
    results: tuple["Entry", ...] = ()
    common: dict[str, Value] = field(default_factory=dict)

    def text(self, kind: str) -> str | None:
        """The declared text of `kind`, or None where the record does not declare it."""
        value = self.values.get(kind)
        return value.raw if value else None

    def texts(self, kind: str) -> tuple[str, ...]:
        """The declared texts of `kind`: the items of a list, or the one text; none where it is not declared."""
        value = self.values.get(kind)
        return (value.items or (value.raw,)) if value else ()

    def holds(self, where: Location) -> bool:
        """Whether one of its own values stands there."""
        return any(value.where == where for value in self.values.values())


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """A page's model-index. `models` and `collections` are keyed by name, in the order of the page.

    Models have what they inherit. `files` are those that values stand in beside the page's own, by name; `consulted`
    are all questions that were asked of the project's files, with digests of the answers.
    """

    page: Page
    values: dict[str, Value]
    collections: dict[str, Entry] = field(default_factory=dict)
    models: dict[str, Entry] = field(default_factory=dict)
    includes: tuple["Include", ...] = ()
    readmes: tuple["Readme", ...] = ()
    files: tuple[str, ...] = ()
    consulted: Mapping[Question, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readme:
    """A README that is named at `where`: the file it is, or None; and whether the folder is there to look in."""

    where: Location
    file: str | None
    folder: bool


@dataclass(frozen=True, slots=True)
class Include:
    """A file that a page includes, itself or through another: its name, the page's line, and whether it is there."""

    name: str
    line: int
    there: bool
