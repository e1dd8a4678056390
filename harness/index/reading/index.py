"""The model-index as data: collections, models and results, whose values keep the place they came from."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.index.document import Mapping as MappingNode
from harness.index.document import Node, Scalar, Sequence
from harness.index.entries import Entry, Index, Value
from harness.index.faults import Fault, Location, PageError
from harness.index.files import Consulted, Files, NoFiles
from harness.index.page import Page
from harness.index.reading.hugging_face import card_faults, card_models
from harness.index.reading.imports import Declared, declared
from harness.index.reading.readmes import readme_of
from harness.index.reading.values import Reader
from harness.index.schema.fields import is_nothing, snake_case
from harness.index.schema.validation import validated

if TYPE_CHECKING:
    from harness.index.entries import Include

# As validation takes a key for a slip of the pen.
_NEAR = 0.8


def read_index(page: Page, includes: Path, files: Files = NoFiles()) -> Index:  # noqa: B008 - frozen and empty
    """The index of `page`, whose includes lie in a folder, and whose imports are among `files`.

    Raises PageError with every fault of the page and of what it imports.
    """
    included = _includes(page, includes)
    consulted = Consulted(files)
    root, faults = declared(page, consulted)
    faults += validated(root)
    faults += [fault for card in root.cards for fault in card_faults(card)]
    if not faults and not root.models and not root.cards:
        faults.append(_without_models(root))
    collections = [_collection(node, root.pages) for node in root.collections]
    models = [_model(node, root.pages) for node in root.models]
    faults += _repeated(collections, "collection_name")
    faults += _repeated(models, "name")
    faults += _astray(models, {name for record in collections for name in record.texts("collection_name")})
    if faults:
        raise PageError(dict.fromkeys(faults))
    models += [
        Entry(values, tuple(map(Entry, results)))
        for card in root.cards
        for values, results in card_models(card, root.pages)
    ]
    if faults := list(_repeated(models, "name")):
        raise PageError(faults)
    values, library = _of_page(root)
    by_name = {record.values["collection_name"].raw: record for record in collections}
    models = [_inheriting(model, by_name, library) for model in models]
    readmes = [value for record in (*collections, *models) if (value := record.values.get("readme"))]
    return Index(
        page,
        values,
        by_name,
        {record.values["name"].raw: record for record in models},
        included,
        tuple(found for value in readmes if (found := readme_of(value, consulted))),
        tuple(name for name in root.pages if name != page.name),
        consulted.answers,
    )


def _includes(page: Page, folder: Path) -> "tuple[Include, ...]":
    """What the page includes, where it is a template at all: to ask loads Jinja."""
    if not page.is_template:
        return ()
    from harness.index.templates.includes import read_includes

    return read_includes(page, folder)


def _without_models(root: Declared) -> Fault:
    """The fault of a page on which no model is declared."""
    if root.models_at is None:
        return Fault(root.at, "the key 'Models'", "none", "add 'Models:'")
    return Fault(root.models_at, "a list of at least one model", "an empty list", "begin each model with '- Name:'")


def _repeated(records: list[Entry], kind: str) -> Iterator[Fault]:
    """A fault for each record whose name stands before."""
    first: dict[str, Location] = {}
    for name in (record.values[kind] for record in records if kind in record.values):
        # Names become file names, which differ by more than case on every machine.
        folded = name.raw.casefold()
        if folded in first:
            at = f"on line {first[folded].line}" if first[folded].file == name.where.file else f"at {first[folded]}"
            yield Fault(
                name.where, "each name once", f"{name.raw!r} again", f"rename one of the two; the first is {at}"
            )
        first.setdefault(folded, name.where)


def _astray(models: list[Entry], collections: set[str]) -> Iterator[Fault]:
    """A fault for each model in a collection whose name is nearly that of one there is.

    Any other may stand in a file that is imported beside this one.
    """
    for model in models:
        for name in model.texts("in_collection"):
            near = [] if name in collections else difflib.get_close_matches(name, collections, n=1, cutoff=_NEAR)
            if near:
                mend = f"did you mean {near[0]!r}? Else add it under 'Collections:'"
                yield Fault(model.values["in_collection"].where, "a collection of this page", repr(name), mend)


def _of_page(root: Declared) -> tuple[dict[str, Value], Value | None]:
    """The values of the page itself, and the library that all its models are of."""
    reader = Reader(root.pages)
    library = None
    for key, _, node in root.rest:
        kind = snake_case(key)
        if kind in {"library", "library_name"}:
            of_library = Reader(root.pages)
            of_library.library(node, "model")
            library = of_library.values.pop("library", library)
            for name, value in of_library.values.items():
                reader.put(name, "page", value)
        else:
            reader.read(node, kind, "page")
    return reader.values, library


def _collection(node: MappingNode, pages: Mapping[str, Page]) -> Entry:
    own, common = Reader(pages), Reader(pages)
    for key, (_, value) in node.entries.items():
        kind = snake_case(key)
        if kind == "metadata" and isinstance(value, MappingNode):
            common.metadata(value)
        elif kind == "name":
            own.read(value, "collection_name", "collection")
        else:
            _field(own, kind, value, "collection")
    return Entry(own.values, common=common.values)


def _model(node: MappingNode, pages: Mapping[str, Page]) -> Entry:
    reader = Reader(pages)
    results: tuple[Entry, ...] = ()
    for key, (_, value) in node.entries.items():
        kind = snake_case(key)
        if kind == "results" and isinstance(value, Sequence):
            results = tuple(_result(item, pages) for item in value.items if isinstance(item, MappingNode))
        elif kind == "metadata" and isinstance(value, MappingNode):
            reader.metadata(value)
        else:
            _field(reader, kind, value, "model")
    return Entry(reader.values, results)


def _field(reader: Reader, kind: str, node: Node, group: str) -> None:
    """A field of a model or a collection. One that is empty declares nothing."""
    if kind == "library":
        reader.library(node, group)
    elif kind == "paper" and isinstance(node, Scalar) and not is_nothing(node):
        reader.read(node, "paper_url", group)
    elif kind == "code" and isinstance(node, MappingNode):
        for key, (_, value) in node.entries.items():
            if not is_nothing(value):
                reader.read(value, "code" if snake_case(key) == "url" else f"code_{snake_case(key)}", group)
    elif kind == "weights" and isinstance(node, Sequence):
        # Several files are not the state of one network, which is what `weights` is judged as.
        reader.read(node, "weights" if len(node.items) == 1 else "weights_files", group)
    elif not is_nothing(node):
        reader.read(node, kind, group)


def _result(node: MappingNode, pages: Mapping[str, Page]) -> Entry:
    reader = Reader(pages)
    for key, (_, value) in node.entries.items():
        kind = snake_case(key)
        if kind == "metrics":
            for part in value.items if isinstance(value, Sequence) else (value,):
                if isinstance(part, MappingNode):
                    for metric, (_, figure) in part.entries.items():
                        if not is_nothing(figure):
                            reader.read(figure, snake_case(metric), "metrics")
        elif not is_nothing(value):
            reader.read(value, kind, "result")
    return Entry(reader.values)


def _inheriting(model: Entry, collections: Mapping[str, Entry], library: Value | None) -> Entry:
    """The model with what it inherits: its own values before its collection's, and those before the page's library.

    A list of a collection and the model's own are one list, as paperswithcode/model-index merges them
    (modelindex/models/Model.py, build_full_model, commit 1c6ff54); it stands where the model's own does.
    """
    inherited: dict[str, Value] = {}
    for name in model.texts("in_collection"):
        inherited = {**(collections[name].common if name in collections else {}), **inherited}
    if library:
        inherited.setdefault("library", library)
    values = dict(model.values)
    for kind, value in inherited.items():
        own = values.get(kind)
        values[kind] = value if own is None else _merged(value, own)
    return Entry(values, model.results)


def _merged(common: Value, own: Value) -> Value:
    if not common.items:
        return own
    items = tuple(dict.fromkeys((*common.items, *(own.items or (own.raw,)))))
    return Value(", ".join(items), own.where, items, own.comment)
