"""A page and its imports as an `Index`. All faults of the page are reported together."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.index.document import MappingNode, Node, ScalarNode, SequenceNode, is_nothing, mappings_of
from harness.index.entries import Entry, Include, Index, Value
from harness.index.faults import Fault, Location, PageError
from harness.index.files import Consulted, Files, NoFiles
from harness.index.page import MOST_BYTES, Page
from harness.index.reading.hugging_face import card_models
from harness.index.reading.imports import Declared, declared
from harness.index.reading.readmes import find_readme
from harness.index.reading.values import Reader
from harness.index.schema.structure import structure_faults
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

    Raises PageError with every fault of the page and of its imports.
    """
    included: tuple[Include, ...] = ()
    if page.is_template:
        # Loads Jinja, which most pages do not need.
        from harness.index.templates.sources import read_includes

        included = read_includes(page, includes)
    consulted = Consulted(files)
    root, faults = declared(page, consulted)
    faults += _structure_faults(root)
    if not faults and not root.models and not root.cards:
        faults.append(_no_models(root))
    if len(root.collections) > _MAX_COLLECTIONS:
        where = root.collections[_MAX_COLLECTIONS].where
        faults.append(Fault(where, f"at most {_MAX_COLLECTIONS} collections", "more", "split the page"))
        raise PageError(faults)
    collections = [_read_collection(node, root.pages) for node in root.collections]
    models = [_read_model(node, root.pages) for node in root.models]
    faults += _repeated_names(collections, "collection_name")
    faults += _repeated_names(models, "name")
    faults += _misspelled_collections(
        models, {name for entry in collections for name in entry.texts("collection_name")}
    )
    if faults:
        raise PageError(dict.fromkeys(faults))
    models += [model for card in root.cards for model in card_models(card, root.pages)]
    if faults := list(_repeated_names(models, "name")):
        raise PageError(faults)
    values, library = _read_page_fields(root)
    collections_by_name = {entry.values["collection_name"].raw: entry for entry in collections}
    _check_inherited(models, collections_by_name)
    readmes = [value for entry in (*collections, *models) if (value := entry.values.get("readme"))]
    return Index(
        page,
        values,
        collections_by_name,
        {model.values["name"].raw: _with_inherited(model, collections_by_name, library) for model in models},
        included,
        tuple(readme for value in readmes if (readme := find_readme(value, consulted))),
        tuple(name for name in root.pages if name != page.name),
        consulted.answers,
    )


def _structure_faults(root: Declared) -> Iterator[Fault]:
    page = "front_matter" if root.cards else "index"
    for definition, nodes in ((page, root.other), ("collection", root.collections), ("model", root.models)):
        for node in nodes:
            yield from structure_faults(definition, node)
    for card in root.cards:
        yield from structure_faults("card", card, str)


def _no_models(root: Declared) -> Fault:
    if root.models_start is None:
        return Fault(root.start, "the key 'Models'", "none", "add the key 'Models'")
    return Fault(root.models_start, "a list of at least one model", "an empty list", "begin each model with '- Name:'")


def _repeated_names(entries: list[Entry], kind: str) -> Iterator[Fault]:
    """A fault for each entry whose name is the name of an earlier one."""
    first: dict[str, Location] = {}
    for name in (entry.values[kind] for entry in entries if kind in entry.values):
        # Names become file names, and some file systems ignore case.
        folded = name.raw.casefold()
        if folded in first:
            place = f"on line {first[folded].line}" if first[folded].file == name.where.file else f"at {first[folded]}"
            fix = f"rename one of the two; the first is {place}"
            yield Fault(name.where, "each name once", f"{name.raw!r} again", fix)
        first.setdefault(folded, name.where)


def _misspelled_collections(models: list[Entry], collections: set[str]) -> Iterator[Fault]:
    """A fault for each name in `In Collection` that is nearly the name of a collection.

    Any other unknown name may be that of a collection in another file. The first ten unknown names are compared.
    """
    unknown: dict[str, list[Entry]] = {}
    for model in models:
        for name in dict.fromkeys(model.texts("in_collection")):
            if name not in collections:
                unknown.setdefault(name, []).append(model)
    known = sorted(collections)
    for name in list(unknown)[:_MAX_COMPARED_NAMES]:
        close = similar_name(name, known, _SIMILARITY)
        for model in unknown[name] if close is not None else ():
            fix = f"did you mean {close!r}? Otherwise add it under 'Collections:'"
            yield Fault(model.values["in_collection"].where, "a collection of this page", repr(name), fix)


def _read_page_fields(root: Declared) -> tuple[dict[str, Value], Value | None]:
    """The values of the page itself, and the library that all its models are from. `Type` is not a claim."""
    reader = Reader(root.pages)
    library = None
    for kind, node in (field for mapping in root.other for field in mapping.fields()):
        if kind in {"library", "library_name"}:
            library_reader = Reader(root.pages)
            library_reader.library(node, "model")
            library = library_reader.values.pop("library", library)
            for name, value in library_reader.values.items():
                reader.put(name, "page", value)
        elif kind != "type":
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
        elif kind == "metadata" and isinstance(value, MappingNode):
            reader.metadata(value)
        else:
            _read_field(reader, kind, value, "model")
    return Entry(reader.values, results)


def _read_field(reader: Reader, kind: str, node: Node, group: str) -> None:
    """Keep a field of a model or a collection. An empty field declares nothing."""
    if kind == "library":
        reader.library(node, group)
    elif kind == "paper" and isinstance(node, ScalarNode) and not is_nothing(node):
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
        if kind == "metrics":
            for metric, figure in (field for mapping in mappings_of(value) for field in mapping.fields()):
                if not is_nothing(figure):
                    reader.read(figure, metric, "metrics")
        elif not is_nothing(value):
            reader.read(value, kind, "result")
    return Entry(reader.values)


def _check_inherited(models: list[Entry], collections: Mapping[str, Entry]) -> None:
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
    if not common.items:
        return own
    items = tuple(dict.fromkeys((*common.items, *own.texts)))
    return Value(", ".join(items), own.where, items, own.comment)
