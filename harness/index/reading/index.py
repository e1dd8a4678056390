"""A page and its imports as an `Index`, in which each fault costs only what it is about."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from harness.index.document import (
    FaultNode,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    faults_of,
    is_nothing,
    mappings_of,
)
from harness.index.entries import Entry, Include, Index, Value
from harness.index.faults import Fault, Location, PageError
from harness.index.files import Consulted, Files, NoFiles
from harness.index.page import MOST_BYTES, Page
from harness.index.reading.hugging_face import card_models
from harness.index.reading.imports import Declared, Item, declared
from harness.index.reading.readmes import find_readme
from harness.index.reading.values import Reader, fault_value
from harness.index.schema.structure import checked
from harness.index.similar import similar_name

# How similar a collection's name must be to be suggested; as for keys in the schema.
_SIMILARITY = 0.8
# Each model is compared with each collection.
_MAX_COLLECTIONS = 1000
_MAX_COMPARED_NAMES = 10
# Characters of all inherited values: one long list of a collection is part of each of its models.
_MAX_INHERITED = 8 * MOST_BYTES


def read_index(page: Page, includes: Path, files: Files = NoFiles()) -> Index:  # noqa: B008 - frozen and empty
    """The index of `page`, with includes from a folder and imports from `files`.

    What cannot be read is in the index: a value with a fault, or an entry, a block or the page itself in `unread`.
    """
    consulted = Consulted(files)
    try:
        return _read(page, includes, consulted)
    except PageError as error:
        unread = [_unread("page", fault) for fault in error.faults]
        return Index(page, {}, unread=tuple(unread), consulted=consulted.answers)


def _read(page: Page, includes: Path, files: Consulted) -> Index:
    """The index of a page. Raises PageError if nothing of it can be read."""
    if not page.blocks:
        raise PageError(page.faults)
    root = declared(page, files)
    if len(root.collections) > _MAX_COLLECTIONS:
        where = root.collections[_MAX_COLLECTIONS].where
        raise PageError([Fault(where, f"at most {_MAX_COLLECTIONS} collections", "more", "split the page")])
    unread = [(kind, fault_value(node)) for kind, node in root.unread]
    included, fault = _read_includes(page, includes)
    unread += [_unread("template", fault)] if fault else []
    collections = [_read_collection(node, root.pages) for node in _checked("collection", root.collections, unread)]
    models = [_read_model(node, root.pages) for node in _checked("model", root.models, unread)]
    for card in root.cards:
        checked_card = checked("card", card, str)
        if isinstance(checked_card, SequenceNode):
            models += card_models(checked_card, root.pages)
            unread += [("model", fault_value(node)) for node in faults_of(checked_card)]
        elif isinstance(checked_card, FaultNode):
            unread.append(("model_index", fault_value(checked_card)))
    values, library = _read_page_fields(root)
    if not (models or collections or unread or any(value.fault for value in values.values())):
        unread.append(_unread("models", _no_models(root)))
    collections_by_name = _by_name(collections, "collection_name", unread)
    models_by_name = _with_known_collections(_by_name(models, "name", unread), set(collections_by_name))
    _check_inherited(models_by_name.values(), collections_by_name)
    readmes = [
        value for entry in (*collections_by_name.values(), *models_by_name.values()) if (value := entry.value("readme"))
    ]
    return Index(
        page,
        values,
        collections_by_name,
        {name: _with_inherited(model, collections_by_name, library) for name, model in models_by_name.items()},
        included,
        tuple(readme for value in readmes if (readme := find_readme(value, files))),
        tuple(unread),
        tuple(name for name in root.pages if name != page.name),
        files.answers,
    )


def _unread(kind: str, fault: Fault) -> tuple[str, Value]:
    return kind, Value(fault.found, fault.where, fault=fault)


def _read_includes(page: Page, folder: Path) -> tuple[tuple[Include, ...], Fault | None]:
    """The files that a page includes, and the fault of a template that cannot be read."""
    if not page.is_template:
        return (), None
    # Loads Jinja, which most pages do not need.
    from harness.index.templates.sources import read_includes

    try:
        return read_includes(page, folder), None
    except PageError as error:
        return (), error.faults[0]


def _checked(name: str, nodes: list[Item], unread: list[tuple[str, Value]]) -> Iterator[MappingNode]:
    """The entries that can be read; adds the others to `unread`."""
    for node in nodes:
        entry = checked(name, node) if isinstance(node, MappingNode) else node
        if isinstance(entry, MappingNode):
            yield entry
        elif isinstance(entry, FaultNode):
            unread.append((name, replace(fault_value(entry), raw=_name_of(node) or entry.raw)))


def _name_of(node: Node) -> str | None:
    name = node.by_kind().get("name") if isinstance(node, MappingNode) else None
    return name.raw if isinstance(name, ScalarNode) else None


def _no_models(root: Declared) -> Fault:
    if root.models_start is None:
        return Fault(root.start, "the key 'Models'", "none", "add the key 'Models'")
    return Fault(root.models_start, "a list of at least one model", "an empty list", "begin each model with '- Name:'")


def _by_name(entries: list[Entry], kind: str, unread: list[tuple[str, Value]]) -> dict[str, Entry]:
    """The entries by name; adds those whose name is the name of an earlier one to `unread`."""
    first: dict[str, Location] = {}
    by_name = {}
    for entry in entries:
        name = entry.values[kind]
        # Names become file names, and some file systems ignore case.
        folded = name.raw.casefold()
        if folded in first:
            place = f"on line {first[folded].line}" if first[folded].file == name.where.file else f"at {first[folded]}"
            fix = f"rename one of the two; the first is {place}"
            fault = Fault(name.where, "each name once", f"{name.raw!r} again", fix)
            unread.append((kind.removesuffix("_name") if kind != "name" else "model", replace(name, fault=fault)))
        else:
            first[folded] = name.where
            by_name[name.raw] = entry
    return by_name


def _with_known_collections(models: dict[str, Entry], collections: set[str]) -> dict[str, Entry]:
    """The models, with a fault for `In Collection` that is nearly the name of a collection.

    Any other unknown name may be that of a collection in another file. The first ten unknown names are compared.
    """
    names = dict.fromkeys(name for model in models.values() for name in model.texts("in_collection"))
    unknown, known = [name for name in names if name not in collections], sorted(collections)
    similar = {name: similar_name(name, known, _SIMILARITY) for name in unknown[:_MAX_COMPARED_NAMES]}

    def with_known_collection(model: Entry) -> Entry:
        misspelled = next((name for name in model.texts("in_collection") if similar.get(name)), None)
        if misspelled is None:
            return model
        value = model.values["in_collection"]
        fix = f"did you mean {similar[misspelled]!r}? Otherwise add it under 'Collections:'"
        fault = Fault(value.where, "a collection of this page", repr(misspelled), fix)
        return replace(model, values={**model.values, "in_collection": replace(value, fault=fault)})

    return {name: with_known_collection(model) for name, model in models.items()}


def _read_page_fields(root: Declared) -> tuple[dict[str, Value], Value | None]:
    """The values of the page itself, and the library that all its models are from. `Type` is not a claim."""
    reader = Reader(root.pages)
    library = None
    definition = "front_matter" if root.cards else "index"
    mappings = (mapping for node in root.other for mapping in mappings_of(checked(definition, node)))
    for kind, node in (field for mapping in mappings for field in mapping.fields()):
        if kind in {"library", "library_name"}:
            library_reader = Reader(root.pages)
            library_reader.library(node, "model")
            library = library_reader.values.pop("library", library)
            if library and library.fault:
                reader.put("library", "page", library)
            for name, value in library_reader.values.items():
                reader.put(name, "page", value)
        elif kind != "type" or isinstance(node, FaultNode):
            reader.read(node, kind, "page")
    return reader.values, library


def _read_collection(node: MappingNode, pages: Mapping[str, Page]) -> Entry:
    own, common = Reader(pages), Reader(pages)
    for kind, value in node.fields():
        if kind == "metadata" and isinstance(value, MappingNode):
            common.metadata(value)
        elif kind == "name":
            own.read(value, "collection_name", "collection")
        else:
            _read_field(own, kind, value, "collection")
    return Entry(own.values, common=common.values)


def _read_model(node: MappingNode, pages: Mapping[str, Page]) -> Entry:
    reader = Reader(pages)
    results: tuple[Entry, ...] = ()
    for kind, value in node.fields():
        if kind == "results" and isinstance(value, SequenceNode):
            results = tuple(_read_result(result, pages) for result in mappings_of(value))
            for fault in faults_of(value):
                reader.read(fault, "result", "model")
        elif kind == "metadata" and isinstance(value, MappingNode):
            reader.metadata(value)
        else:
            _read_field(reader, kind, value, "model")
    return Entry(reader.values, results)


def _read_field(reader: Reader, kind: str, node: Node, group: str) -> None:
    """Keep a field of a model or a collection. An empty field declares nothing."""
    if kind == "library":
        reader.library(node, group)
    elif kind == "paper" and isinstance(node, ScalarNode | FaultNode) and not is_nothing(node):
        reader.read(node, "paper_url", group)
    elif kind == "code" and isinstance(node, MappingNode):
        for inner_kind, value in node.fields():
            if not is_nothing(value):
                reader.read(value, "code" if inner_kind == "url" else f"code_{inner_kind}", group)
    elif kind == "weights" and isinstance(node, SequenceNode):
        # `weights` is judged as the state of one network, which several files are not.
        reader.read(node, "weights" if len(node.items) == 1 else "weights_files", group)
    elif not is_nothing(node):
        reader.read(node, kind, group)


def _read_result(node: MappingNode, pages: Mapping[str, Page]) -> Entry:
    reader = Reader(pages)
    for kind, value in node.fields():
        if kind == "metrics" and not isinstance(value, FaultNode):
            for metric, figure in (field for mapping in mappings_of(value) for field in mapping.fields()):
                if not is_nothing(figure):
                    reader.read(figure, metric, "metrics")
            for fault in faults_of(value) if isinstance(value, SequenceNode) else ():
                reader.read(fault, "metrics", "metrics")
        elif not is_nothing(value):
            reader.read(value, kind, "result")
    return Entry(reader.values)


def _check_inherited(models: Iterable[Entry], collections: Mapping[str, Entry]) -> None:
    """Raise PageError if the values that models inherit are too long in total, before they are copied."""
    lengths = {
        name: sum(len(value.raw) + len(value.comment) for value in entry.common.values())
        for name, entry in collections.items()
    }
    total = 0
    for model in models:
        total += sum(lengths.get(name, 0) for name in model.texts("in_collection"))
        if total > _MAX_INHERITED:
            where = model.values["in_collection"].where
            expected = f"at most {_MAX_INHERITED} characters that models inherit from collections"
            raise PageError([Fault(where, expected, "more", "shorten the metadata of the collection")])


def _with_inherited(model: Entry, collections: Mapping[str, Entry], library: Value | None) -> Entry:
    """The model with inherited values: its own come before its collection's, and those before the page's library.

    A list of the collection and the model's own list are joined, as in paperswithcode/model-index
    (modelindex/models/Model.py, build_full_model, commit 1c6ff54); the location is that of the model's own list.
    """
    inherited: dict[str, Value] = {}
    for name in model.texts("in_collection"):
        inherited = {**(collections[name].common if name in collections else {}), **inherited}
    if library:
        inherited.setdefault("library", library)
    values = dict(model.values)
    for kind, value in inherited.items():
        values[kind] = _joined(value, values[kind]) if kind in values else value
    return Entry(values, model.results)


def _joined(common: Value, own: Value) -> Value:
    if not common.items or own.fault:
        return own
    items = tuple(dict.fromkeys((*common.items, *own.texts)))
    return Value(", ".join(items), own.where, items, own.comment)
