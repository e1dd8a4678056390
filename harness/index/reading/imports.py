"""A model-index with the contents of imported files in place of their names. Every node knows its own file.

What may be imported where is as in paperswithcode/model-index (docs/1_quickstart/importing.md, commit 35192ab).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from harness.index.document import (
    FaultNode,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    describe,
    is_nothing,
    repeated_key,
)
from harness.index.faults import Fault, Location
from harness.index.files import Files
from harness.index.kinds import snake_case
from harness.index.page import Page
from harness.index.reading.sources import Sources, is_path
from harness.index.schema.structure import definition

Chain = tuple[str, ...]
Entries = dict[str, tuple[Location, Node]]
Item = MappingNode | FaultNode

# A mapping with one of these kinds is an item itself; other mappings hold items by their names.
_ITEM_KINDS = {
    "model": {"name", "metadata", "results", "import", "weights", "in_collection"},
    "collection": {"name", "metadata", "import", "paper", "readme"},
    "result": {"task", "dataset", "metrics", "import"},
}
_INDEX_KINDS = {"models", "collections", "import", "model_index"}
_FIRST_KEYS = {"name", "type", *_INDEX_KINDS}


@dataclass(slots=True)
class Declared:
    """Everything that an index declares. `cards` are model-indexes of Hugging Face, `other` the page's own fields.

    `pages` are the files of the index by name; the first is the page itself. `start` is where the index begins,
    `models_start` where its models are, if anywhere. `unread` are blocks and files that cannot be read, by kind.
    """

    start: Location
    pages: dict[str, Page]
    models: list[Item] = field(default_factory=list)
    collections: list[Item] = field(default_factory=list)
    cards: list[Node] = field(default_factory=list)
    other: list[MappingNode] = field(default_factory=list)
    unread: list[tuple[str, FaultNode]] = field(default_factory=list)
    models_start: Location | None = None


def declared(page: Page, files: Files) -> Declared:
    """What the page's model-index and its imports declare.

    Raises PageError if imports are too many, too large or too deep.
    """
    sources = Sources(files)
    blocks = sources.parse(page)
    importer = _Importer(sources, blocks[0].where)
    for block in blocks:
        importer.add_block(block, (page.name,))
    return importer.declared


class _Importer:
    """Replaces the names of files by their contents. `item` is the name of a definition of the schema."""

    def __init__(self, sources: Sources, start: Location) -> None:
        self.sources = sources
        self.declared = Declared(start, sources.pages)

    def add_block(self, root: Node, chain: Chain) -> None:
        """Add a block of the page, which must be an index or a list of models."""
        if isinstance(root, MappingNode):
            self.add_index(root, chain)
        elif isinstance(root, SequenceNode):
            self.declared.models += self.read_items("model", root, chain)
        elif isinstance(root, FaultNode):
            self.declared.unread.append(("model_index", root))
        else:
            fix = "begin the block with 'Type: model-index', then 'Models:'"
            fault = Fault(root.where, "a mapping that holds the models", describe(root), fix)
            self.declared.unread.append(("model_index", FaultNode(fault.found, fault)))

    def add_index(self, root: MappingNode, chain: Chain) -> None:
        """Add what an index declares. A mapping that has a name and no models is itself a model."""
        kinds = root.by_kind().keys()
        if "name" in kinds and not kinds & _INDEX_KINDS:
            types = {key: entry for key, entry in root.entries.items() if snake_case(key) == "type"}
            rest = {key: entry for key, entry in root.entries.items() if key not in types}
            self.declared.models += self.read_item("model", MappingNode(rest, root.where, unread=root.unread), chain)
            self.declared.other.append(MappingNode(types, root.where))
            return
        other = {}
        for key, (where, node) in root.entries.items():
            match snake_case(key):
                case "models":
                    self.declared.models_start = node.where
                    self.declared.models += self.read_items("model", node, chain)
                case "collections":
                    self.declared.collections += self.read_items("collection", node, chain)
                case "import":
                    for content, longer in self.sources.contents(node, chain):
                        self.add_imported_index(content, longer)
                case "model_index":
                    self.declared.cards.append(node)
                case _:
                    other[key] = where, node
        self.declared.other.append(MappingNode(other, root.where, unread=root.unread))

    def add_imported_index(self, root: Node, chain: Chain) -> None:
        """Add an imported file, which must be an index or a list of models."""
        if isinstance(root, SequenceNode):
            self.declared.models += self.read_items("model", root, chain)
        elif isinstance(root, MappingNode) and _FIRST_KEYS & root.by_kind().keys():
            self.add_index(root, chain)
        else:
            self.declared.unread.append(("import", _refused("index", root)))

    def read_items(self, item: str, node: Node, chain: Chain) -> Iterator[Item]:
        """The models, collections or results in a node: a list, one item, items by name, or files of items."""
        if isinstance(node, SequenceNode):
            for inner in node.items:
                if isinstance(inner, SequenceNode):
                    yield _refused(item, inner)
                else:
                    yield from self.read_items(item, inner, chain)
        elif isinstance(node, MappingNode):
            if _ITEM_KINDS[item] & node.by_kind().keys() or item == "result" or not node.entries:
                yield from self.read_item(item, node, chain)
            else:
                for name, (where, value) in node.entries.items():
                    yield from self.read_items(item, _with_name(name, where, value), chain)
                yield from (fault for _, fault in node.unread)
        elif is_path(node):
            for content, longer in self.sources.contents(node, chain):
                yield from self.read_file(item, content, longer)
        elif not is_nothing(node):
            yield _refused(item, node)

    def read_file(self, item: str, root: Node, chain: Chain) -> Iterator[Item]:
        """The items of a file: the whole file, or what it holds under `Models:` or `Model:`."""
        inside = root.by_kind() if isinstance(root, MappingNode) else {}
        if item == "model" and isinstance(root, MappingNode) and _INDEX_KINDS & inside.keys():
            self.add_index(root, chain)
            return
        yield from self.read_items(item, inside.get(f"{item}s") or inside.get(item) or root, chain)

    def read_item(self, item: str, node: MappingNode, chain: Chain) -> Iterator[Item]:
        """An item with its imports. An item that only imports files is replaced by their items."""
        own, imports = self.split_imports(node, chain)
        imported = [found for content, longer in imports for found in self.read_file(item, content, longer)]
        if not own and node.entries:
            yield from (*imported, *(fault for _, fault in node.unread))
            return
        read = [found for found in imported if isinstance(found, MappingNode)]
        unread = [("import", found) for found in imported if isinstance(found, FaultNode)]
        if len(read) > 1:
            expected, fix = f"one imported item in {definition(item)['expected']}", "import each into its own item"
            fault = Fault(node.where, expected, f"{len(read)} items", fix)
            unread.append(("import", FaultNode(fault.found, fault)))
        entries = {key: (where, self.read_field(key, value, chain)) for key, (where, value) in own.items()}
        yield _overridden(MappingNode(entries, node.where, unread=(*node.unread, *unread)), read[:1])

    def split_imports(self, node: MappingNode, chain: Chain) -> tuple[Entries, list[tuple[Node, Chain]]]:
        """The fields of a mapping other than `Import:`, and the contents of the files that it imports."""
        own = {key: entry for key, entry in node.entries.items() if snake_case(key) != "import"}
        references = [value for kind, value in node.fields() if kind == "import"]
        return own, [content for reference in references for content in self.sources.contents(reference, chain)]

    def read_field(self, key: str, node: Node, chain: Chain) -> Node:
        """A field of an item, with the contents of the files that it names."""
        kind = snake_case(key)
        if kind == "metadata":
            return self.read_metadata(node, chain)
        if kind == "results" and (isinstance(node, MappingNode | SequenceNode) or is_path(node)):
            return SequenceNode(tuple(self.read_items("result", node, chain)), node.where, flow=False)
        return node

    def read_metadata(self, node: Node, chain: Chain) -> Node:
        """Metadata as one mapping: of a mapping, a list of mappings, or files. Own keys override imported ones."""
        if is_path(node):
            files = [self.read_metadata_file(*content) for content in self.sources.contents(node, chain)]
            return files[0] if len(files) == 1 and isinstance(files[0], FaultNode) else self.merge(files, node.where)
        if isinstance(node, SequenceNode) and node.items and all(isinstance(item, MappingNode) for item in node.items):
            return self.merge([self.read_metadata(item, chain) for item in node.items], node.where)
        if not isinstance(node, MappingNode):
            return node
        inside = node.by_kind().get("metadata")
        if len(node.entries) == 1 and isinstance(inside, MappingNode):
            return self.read_metadata(inside, chain)  # `Metadata:` twice, a common mistake
        own, imports = self.split_imports(node, chain)
        merged = self.merge([self.read_metadata_file(content, longer) for content, longer in imports], node.where)
        return _overridden(MappingNode(own, node.where, unread=node.unread), [merged])

    def read_metadata_file(self, root: Node, chain: Chain) -> Node:
        """The metadata that a file is, or holds under `Metadata:`."""
        inside = root.by_kind().get("metadata", root) if isinstance(root, MappingNode) else root
        return _refused("metadata", root) if isinstance(inside, ScalarNode) else self.read_metadata(inside, chain)

    def merge(self, parts: list[Node], where: Location) -> MappingNode:
        """The entries of all mappings, each key once."""
        entries: Entries = {}
        unread: list[tuple[str, FaultNode]] = []
        for part in parts:
            for key, entry in part.entries.items() if isinstance(part, MappingNode) else ():
                if key in entries:
                    unread.append((key, repeated_key(entry[0], key, entries[key][0])))
                entries.setdefault(key, entry)
            if isinstance(part, MappingNode):
                unread += part.unread
            else:
                unread.append(("metadata", _refused("metadata", part)))
        return MappingNode(entries, where, unread=tuple(unread))


def _refused(name: str, node: Node) -> FaultNode:
    """The fault of a node that is not what a definition of the schema says; its own, if it is one."""
    schema = definition(name)
    fault = Fault(node.where, schema["expected"], describe(node), schema["fix"])
    return node if isinstance(node, FaultNode) else FaultNode(fault.found, fault)


def _overridden(own: MappingNode, inherited: Iterable[MappingNode]) -> MappingNode:
    """A mapping with inherited entries of other kinds."""
    entries, unread = dict(own.entries), own.unread
    kinds = {snake_case(key) for key in own.entries}
    for mapping in inherited:
        entries |= {key: entry for key, entry in mapping.entries.items() if snake_case(key) not in kinds}
        unread += mapping.unread
    return MappingNode(entries, own.where, unread=unread)


def _with_name(name: str, where: Location, node: Node) -> Node:
    """An item that is written under its name, with the name as a field."""
    if not isinstance(node, MappingNode) or "name" in node.by_kind():
        return node
    key = ScalarNode(name, "str", plain=True, where=where, span=(-1, -1))
    return MappingNode({"Name": (where, key), **node.entries}, node.where, unread=node.unread)
