"""The model-index as data: collections, models and results, whose values keep the place they came from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.index.document import Mapping, Node, Scalar, Sequence, parse_document
from harness.index.faults import Fault, Location, PageError
from harness.index.page import Page
from harness.index.schema import schema_faults

if TYPE_CHECKING:
    from harness.index.template import Include


@dataclass(frozen=True, slots=True)
class Value:
    """A declared value: its text, or the texts of a list, where it stands, and the comment behind it on its line."""

    raw: str
    where: Location
    items: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A collection, model or result: its values by kind (the page's key in snake_case)."""

    path: str
    values: dict[str, Value]
    results: tuple["Record", ...] = ()

    def text(self, kind: str) -> str | None:
        """The declared text of `kind`, or None where the record does not declare it."""
        value = self.values.get(kind)
        return value.raw if value else None


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """A page's model-index. `models` and `collections` are keyed by name, in the order of the page."""

    page: Page
    values: dict[str, Value]
    collections: dict[str, Record] = field(default_factory=dict)
    models: dict[str, Record] = field(default_factory=dict)
    includes: "tuple[Include, ...]" = ()


def read_index(page: Page, includes: Path) -> Index:
    """The index of `page`, whose includes lie in a folder. Raises PageError with every fault of the block."""
    from harness.index.template import read_includes

    included = read_includes(page, includes)
    root, faults = parse_document(page)
    faults += schema_faults(root)
    if not isinstance(root, Mapping):
        raise PageError(faults)
    collections = list(_records(root.get("Collections"), {"name": "collection_name"}))
    models = list(_records(root.get("Models"), {}))
    faults += _repeated(collections, "collection_name")
    faults += _repeated(models, "name")
    faults += _astray(models, {record.text("collection_name") for record in collections})
    if faults:
        raise PageError(faults)
    kind = root.get("Type")
    return Index(
        page,
        {"type": Value(kind.raw, kind.where)} if isinstance(kind, Scalar) else {},
        {record.values["collection_name"].raw: record for record in collections},
        {record.values["name"].raw: record for record in models},
        included,
    )


def _repeated(records: list[Record], kind: str) -> Iterator[Fault]:
    """A fault for each record whose name stands before."""
    first: dict[str, Location] = {}
    for name in (record.values[kind] for record in records if kind in record.values):
        # Names become file names, which differ by more than case on every machine.
        folded = name.raw.casefold()
        if folded in first:
            mend = f"rename one of the two; the first is on line {first[folded].line}"
            yield Fault(name.where, "each name once", f"{name.raw!r} again", mend)
        first.setdefault(folded, name.where)


def _astray(models: list[Record], collections: set[str | None]) -> Iterator[Fault]:
    """A fault for each model in a collection that the page does not have."""
    for collection in (model.values["in_collection"] for model in models if "in_collection" in model.values):
        if collection.raw not in collections:
            known = ", ".join(sorted(filter(None, collections))) or "none"
            mend = f"name one of the page's collections ({known}), or add it under 'Collections:'"
            yield Fault(collection.where, "a collection of this page", repr(collection.raw), mend)


def _records(node: Node | None, renamed: dict[str, str]) -> Iterator[Record]:
    for item in node.items if isinstance(node, Sequence) else ():
        if isinstance(item, Mapping):
            values = {renamed.get(kind, kind): value for kind, value in _values(item)}
            yield Record(item.where.path, values, tuple(_records(item.get("Results"), {})))


def _values(node: Mapping, prefix: str = "") -> Iterator[tuple[str, Value]]:
    """Values of a record, with those of its inner mappings: `Metadata` and `Metrics` only group, `Paper` names."""
    for key, (_, value) in node.entries.items():
        if isinstance(value, Mapping):
            yield from _values(value, "" if key in {"Metadata", "Metrics"} else f"{key}_")
        elif isinstance(value, Scalar):
            yield snake_case(prefix + key), Value(value.raw, value.where, comment=value.comment)
        elif key != "Results":
            items = tuple(item.raw for item in value.items if isinstance(item, Scalar))
            yield snake_case(prefix + key), Value(", ".join(items), value.where, items)


def snake_case(key: str) -> str:
    """The kind of claim that a page's key makes: `File Size` → `file_size`."""
    return re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_")
