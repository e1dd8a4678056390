"""The model-index as data: collections, models and results, whose values know their location."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.index.faults import Fault, Location
from harness.index.files import Question
from harness.index.image_size import ImageSize
from harness.index.page import Page
from harness.index.quantity import Quantity, parse_quantity


@dataclass(frozen=True, slots=True)
class Value:
    """A declared value: its text (or the texts of a list), its location, and the comment after it on its line.

    `quantity` is the number that the text is, None for other texts. `size` is that of images, which has a quantity if
    it is square. A value with a fault cannot be read, or is not what its field can have.
    """

    raw: str
    where: Location
    items: tuple[str, ...] = ()
    comment: str = ""
    fault: Fault | None = None
    size: ImageSize | None = field(default=None, compare=False)
    quantity: Quantity | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        text = self.raw if self.size is None else str(self.size.side)
        object.__setattr__(self, "quantity", None if self.fault else parse_quantity(text))

    @property
    def texts(self) -> tuple[str, ...]:
        """The items of a list, or the one text."""
        return self.items or (self.raw,)


@dataclass(frozen=True, slots=True)
class Entry:
    """A collection, model or result: its values by kind (the page's key in snake_case).

    `common` is the metadata of a collection, which its models inherit. A value with a fault is declared, but has no
    text and no quantity.
    """

    values: dict[str, Value]
    results: tuple["Entry", ...] = ()
    common: dict[str, Value] = field(default_factory=dict)

    def value(self, kind: str) -> Value | None:
        """The declared value of `kind`, or None if it is not declared or has a fault."""
        value = self.values.get(kind)
        return None if value is None or value.fault else value

    def fault(self, kind: str) -> Fault | None:
        """The fault of the declared value of `kind`."""
        value = self.values.get(kind)
        return value.fault if value else None

    def text(self, kind: str) -> str | None:
        """The declared text of `kind`, or None if it is not declared."""
        value = self.value(kind)
        return value.raw if value else None

    def texts(self, kind: str) -> tuple[str, ...]:
        """The declared texts of `kind`: the items of a list, or the one text; empty if it is not declared."""
        value = self.value(kind)
        return value.texts if value else ()

    def quantity(self, kind: str) -> Quantity | None:
        """The declared number of `kind`, or None if it is not declared or not a number.

        That of an image size is the side of the square, however it is written: `3x224x224` is 224.
        """
        value = self.value(kind)
        if value is None or kind != "image_size":
            return value.quantity if value else None
        return parse_quantity(str(value.size.side)) if value.size and value.size.side else None

    @property
    def image_size(self) -> ImageSize | None:
        """The declared size of the input image, or None if it is not declared."""
        value = self.value("image_size")
        return value.size if value else None

    def holds(self, where: Location) -> bool:
        """Whether one of the entry's own values has this location."""
        return any(value.where == where for value in self.values.values())


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """A page's model-index. `models` and `collections` are keyed by name, in the order of the page.

    Models include inherited values. `unread` are the entries, blocks and files that cannot be read, by kind; what they
    hold is unknown. `files` names the files that the page imports; `consulted` holds every question
    asked of the project's files, with a digest of the answer.
    """

    page: Page
    values: dict[str, Value]
    collections: dict[str, Entry] = field(default_factory=dict)
    models: dict[str, Entry] = field(default_factory=dict)
    includes: tuple["Include", ...] = ()
    readmes: tuple["Readme", ...] = ()
    unread: tuple[tuple[str, Value], ...] = ()
    files: tuple[str, ...] = ()
    consulted: Mapping[Question, str] = field(default_factory=dict)

    @property
    def is_unreadable(self) -> bool:
        """Whether nothing of the page's model-index can be read."""
        return bool(self.unread) and not (self.models or self.collections)


@dataclass(frozen=True, slots=True)
class Readme:
    """A README named at `where`: its file, or None; and whether the folder that should hold it exists."""

    where: Location
    file: str | None
    folder: bool


@dataclass(frozen=True, slots=True)
class Include:
    """A file that a page includes, directly or through another: its name, the page's line, and whether it exists."""

    name: str
    line: int
    there: bool
