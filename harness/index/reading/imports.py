"""Imports followed: the nodes of an index with those of every file it names in their place, each knowing its own file.

What may be imported where is as in paperswithcode/model-index (docs/1_quickstart/importing.md, commit 35192ab).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from harness.index.document import Mapping, Node, Scalar, Sequence
from harness.index.faults import Fault, Location, PageError
from harness.index.files import Files
from harness.index.page import Page
from harness.index.reading.sources import Sources, is_path
from harness.index.schema.fields import is_nothing, is_text, shown, snake_case

MappingEntry = tuple[str, Location, Node]


class Role(Enum):
    """What an imported file is read as: its key, what one item of it is called, how to mend one that is none."""

    INDEX = ("", "a model-index", "list the models under 'Models:'")
    MODELS = ("models", "a model", "write 'Name:' and what is claimed of the model")
    COLLECTIONS = ("collections", "a collection", "write 'Name:' and, if there is one, 'Paper:'")
    RESULTS = ("results", "a result", "write 'Task:', 'Dataset:' and 'Metrics:'")
    METADATA = ("metadata", "a mapping of claims", "write each claim on a line of its own, such as 'FLOPs: 255754236'")

    def __init__(self, key: str, item: str, mend: str) -> None:
        self.key = key
        self.item = item
        self.mend = mend


# What tells that a mapping is an item itself, and not items by their names.
_OF_ITEM = {
    Role.MODELS: {"name", "metadata", "results", "import", "weights", "in_collection"},
    Role.COLLECTIONS: {"name", "metadata", "import", "paper", "readme"},
    Role.RESULTS: {"task", "dataset", "metrics", "import"},
}
_INDEX = {"models", "collections", "import", "model_index"}


@dataclass(slots=True)
class Declared:
    """All that an index declares: models and collections as mappings, cards as Hugging Face writes them, the rest.

    `pages` are the files that it stands in, by their names; the first is the page itself. `at` is where the index
    begins, `models_at` where its models stand, if anywhere.
    """

    at: Location
    pages: dict[str, Page]
    models: list[Mapping] = field(default_factory=list)
    collections: list[Mapping] = field(default_factory=list)
    cards: list[Node] = field(default_factory=list)
    rest: list[MappingEntry] = field(default_factory=list)
    models_at: Location | None = None


def declared(page: Page, files: Files) -> tuple[Declared, list[Fault]]:
    """What the page's model-index and all that it imports declare, and what is wrong with the imports.

    Raises PageError where the block itself cannot be parsed, or imports are too many, too large or too deep.
    """
    sources = Sources(files)
    root = sources.parsed(page)
    if not isinstance(root, Mapping):
        mend = "begin the block with 'Type: model-index', then 'Models:'"
        fault = Fault(root.where, "a mapping that holds the models", shown(root), mend)
        raise PageError([*sources.faults, fault])
    importer = _Importer(sources, root.where)
    importer.index(root, (page.name,))
    return importer.declared, sources.faults


def by_kind(node: Mapping) -> dict[str, Node]:
    """The nodes of a mapping by what their keys mean, whatever their case."""
    return {snake_case(key): value for key, (_, value) in reversed(node.entries.items())}


class _Importer:
    """Puts what files hold in the place of their names. `chain` is the way of names that led to the file at hand."""

    def __init__(self, sources: Sources, where: Location) -> None:
        self.sources = sources
        self.declared = Declared(where, sources.pages)

    def index(self, root: Mapping, chain: tuple[str, ...]) -> None:
        """Take over what an index declares; one without models that has a name is a model itself."""
        kinds = {snake_case(key) for key in root.entries}
        if "name" in kinds and not kinds & _INDEX:
            entries = {key: entry for key, entry in root.entries.items() if snake_case(key) != "type"}
            self.declared.rest += [(key, *root.entries[key]) for key in root.entries.keys() - entries.keys()]
            self.declared.models += self.item(Mapping(entries, root.where), Role.MODELS, chain)
            return
        for key, (where, node) in root.entries.items():
            match snake_case(key):
                case "models":
                    self.declared.models_at = node.where
                    self.declared.models += self.items(node, Role.MODELS, chain)
                case "collections":
                    self.declared.collections += self.items(node, Role.COLLECTIONS, chain)
                case "import":
                    for content, longer in self.sources.contents(node, chain):
                        self.imported_index(content, longer)
                case "model_index":
                    self.declared.cards.append(node)
                case _:
                    self.declared.rest.append((key, where, node))

    def imported_index(self, root: Node, chain: tuple[str, ...]) -> None:
        """Take over what an imported file declares, which has to be a whole index, or a list of models."""
        if isinstance(root, Sequence):
            self.declared.models += self.items(root, Role.MODELS, chain)
        elif isinstance(root, Mapping) and {"name", *_INDEX} & by_kind(root).keys():
            self.index(root, chain)
        else:
            self.refuse(root, Role.INDEX)

    def items(self, node: Node, role: Role, chain: tuple[str, ...]) -> Iterator[Mapping]:
        """The models, collections or results that a node holds: a list, one, several by name, or files of them."""
        if isinstance(node, Sequence):
            for item in node.items:
                if isinstance(item, Sequence):
                    self.refuse(item, role)
                else:
                    yield from self.items(item, role, chain)
        elif isinstance(node, Mapping):
            if _OF_ITEM[role] & by_kind(node).keys() or role is Role.RESULTS or not node.entries:
                yield from self.item(node, role, chain)
            else:
                for name, (where, value) in node.entries.items():
                    yield from self.items(_named(name, where, value), role, chain)
        elif is_text(node) and is_path(node):
            for content, longer in self.sources.contents(node, chain):
                yield from self.items_of_file(content, role, longer)
        elif not is_nothing(node):
            self.refuse(node, role)

    def items_of_file(self, root: Node, role: Role, chain: tuple[str, ...]) -> Iterator[Mapping]:
        """The items of a file: all of it, or what stands under `Models:` or `Model:` in it."""
        inside = by_kind(root) if isinstance(root, Mapping) else {}
        if role is Role.MODELS and isinstance(root, Mapping) and _INDEX & inside.keys():
            self.index(root, chain)
            return
        yield from self.items(inside.get(role.key) or inside.get(role.key[:-1]) or root, role, chain)

    def item(self, node: Mapping, role: Role, chain: tuple[str, ...]) -> Iterator[Mapping]:
        """An item with its own imports followed; one that is nothing but an import is what the files hold."""
        own = {key: entry for key, entry in node.entries.items() if snake_case(key) != "import"}
        imports = [entry[1] for key, entry in node.entries.items() if snake_case(key) == "import"]
        found = [
            one
            for reference in imports
            for content, longer in self.sources.contents(reference, chain)
            for one in self.items_of_file(content, role, longer)
        ]
        if imports and not own:
            yield from found
            return
        if len(found) > 1:
            where, mend = node.where, "import each into an item of its own"
            self.sources.faults.append(Fault(where, f"one imported item in {role.item}", f"{len(found)} of them", mend))
        entries = {key: (where, self.field(key, value, chain)) for key, (where, value) in own.items()}
        kinds = {snake_case(key) for key in entries}
        for one in found[:1]:
            entries |= {key: entry for key, entry in one.entries.items() if snake_case(key) not in kinds}
        yield Mapping(entries, node.where)

    def field(self, key: str, node: Node, chain: tuple[str, ...]) -> Node:
        """A field of an item, with the files that it names in its place."""
        match snake_case(key):
            case "metadata":
                return self.metadata(node, chain)
            case "results" if isinstance(node, Mapping | Sequence) or (is_text(node) and is_path(node)):
                return Sequence(tuple(self.items(node, Role.RESULTS, chain)), node.where, flow=False)
        return node

    def metadata(self, node: Node, chain: tuple[str, ...]) -> Node:
        """Metadata as one mapping: of a mapping, a list of them, and of files; its own keys before imported ones."""
        if is_text(node) and is_path(node):
            parts = [self.metadata_of_file(content, longer) for content, longer in self.sources.contents(node, chain)]
            return self.merged([part for part in parts if isinstance(part, Mapping)], node.where)
        if isinstance(node, Sequence) and node.items and all(isinstance(item, Mapping) for item in node.items):
            parts = [self.metadata(item, chain) for item in node.items]
            return self.merged([part for part in parts if isinstance(part, Mapping)], node.where)
        if not isinstance(node, Mapping):
            return node
        own = {key: entry for key, entry in node.entries.items() if snake_case(key) != "import"}
        imports = [self.metadata_of_file(*found) for found in self.of_imports(node, chain)]
        merged = self.merged([part for part in imports if isinstance(part, Mapping)], node.where)
        kinds = {snake_case(key) for key in own}
        more = {key: entry for key, entry in merged.entries.items() if snake_case(key) not in kinds}
        return Mapping({**own, **more}, node.where)

    def of_imports(self, node: Mapping, chain: tuple[str, ...]) -> Iterator[tuple[Node, tuple[str, ...]]]:
        """What the imports of a mapping lead to."""
        for key, (_, value) in node.entries.items():
            if snake_case(key) == "import":
                yield from self.sources.contents(value, chain)

    def metadata_of_file(self, root: Node, chain: tuple[str, ...]) -> Node | None:
        """The metadata that a file is, or holds under `Metadata:`."""
        inside = by_kind(root).get("metadata", root) if isinstance(root, Mapping) else root
        if isinstance(inside, Mapping | Sequence):
            return self.metadata(inside, chain)
        self.refuse(root, Role.METADATA)
        return None

    def merged(self, parts: list[Mapping], where: Location) -> Mapping:
        """The entries of all parts, each key once."""
        entries: dict[str, tuple[Location, Node]] = {}
        for part in parts:
            for key, entry in part.entries.items():
                if key in entries:
                    mend = f"keep one of the two; the first is at {entries[key][0]}"
                    self.sources.faults.append(Fault(entry[0], "each key once", f"{key!r} again", mend))
                entries.setdefault(key, entry)
        return Mapping(entries, where)

    def refuse(self, node: Node, role: Role) -> None:
        """Note that a node is not what it has to be."""
        self.sources.faults.append(Fault(node.where, role.item, shown(node), role.mend))


def _named(name: str, where: Location, node: Node) -> Node:
    """An item that is written under its name."""
    if not isinstance(node, Mapping) or "name" in by_kind(node):
        return node
    key = Scalar(name, "str", plain=True, where=where, span=(-1, -1))
    return Mapping({"Name": (where, key), **node.entries}, node.where)
