"""The files that an index imports: found by what it calls them, read once, and within budgets."""

from collections.abc import Iterator

from harness.index.document import Node, Scalar, Sequence, parse_document
from harness.index.faults import Fault, Location, PageError
from harness.index.files import Files, beside, is_pattern, matching
from harness.index.page import MOST_BYTES, SUFFIXES, Page, page_from_bytes, says_index
from harness.index.schema.fields import is_text, shown

MOST_FILES = 2000
MOST_DEEP = 20
MOST_CHARACTERS = 8 * MOST_BYTES


class Sources:
    """Files, parsed. `pages` are those that were read, by name; `faults` what is wrong with them and their names."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.pages: dict[str, Page] = {}
        self.faults: list[Fault] = []
        self.roots: dict[str, Node | None] = {}
        self.imported = 0
        self.characters = 0

    def parsed(self, page: Page) -> Node:
        """The nodes of a page's block. Raises PageError where it cannot be parsed."""
        root, faults = parse_document(page)
        self.faults += faults
        self.pages[page.name] = page
        return root

    def contents(self, reference: Node, chain: tuple[str, ...]) -> Iterator[tuple[Node, tuple[str, ...]]]:
        """What the files hold that a text or a list of texts names, each with the way to it."""
        references = reference.items if isinstance(reference, Sequence) else (reference,)
        for one in references:
            if not isinstance(one, Scalar) or not is_text(one):
                mend = "write the path of a file, or a list of them"
                self.faults.append(Fault(one.where, "a file to import", shown(one), mend))
                continue
            for name in self.names(one, chain):
                root = self.root(name, one.where, chain)
                if root is not None:
                    yield root, (*chain, name)

    def names(self, reference: Scalar, chain: tuple[str, ...]) -> list[str]:
        """The files that a reference means: one, those that a pattern matches, or the pages below a folder."""
        path, where = reference.raw.strip(), reference.where
        if "://" in path:
            fault = Fault(where, "a file of this project", repr(path), "download the file, and import it by its path")
            self.faults.append(fault)
            return []
        if not path.isprintable():
            self.faults.append(Fault(where, "a file's name", repr(path), "correct the path"))
            return []
        name = beside(where.file, path)
        if name is None:
            mend = "move the file into the project"
            self.faults.append(Fault(where, "a file inside the project", repr(path), mend))
            return []
        try:
            return self.found(name, reference, chain)
        except OSError as error:
            told = f"{path!r}, which cannot be looked through: {error.strerror or error}"
            self.faults.append(Fault(where, "files of this project", told, "name fewer of them"))
            return []

    def found(self, name: str, reference: Scalar, chain: tuple[str, ...]) -> list[str]:
        """The file called so, or those that it means as a pattern or folder. Raises OSError."""
        where = reference.where
        if is_pattern(name):
            found = [one for one in matching(self.files, name) if one != chain[-1] and _has_form(one)]
        elif self.read(name, where) is not None:
            return [name]
        else:
            folder = "" if name == "." else name
            below = [one for one in self.files.listed(folder, deep=True) if one != chain[-1] and _has_form(one)]
            found = sorted(one for one in below if self.says_index(one, where))
        if not found:
            told, mend = f"nothing called {reference.raw!r}", f"correct the path, which is relative to {where.file}"
            self.faults.append(Fault(where, "a file, a folder of pages or a pattern that matches one", told, mend))
        return found

    def says_index(self, name: str, where: Location) -> bool:
        """Whether a file of a folder looks like a page."""
        data = self.read(name, where)
        return data is not None and says_index(data.decode("utf-8", "replace"), name)

    def read(self, name: str, where: Location) -> bytes | None:
        """The bytes of a file; None where there is none, or it is not to be read."""
        try:
            return self.files.read(name)
        except OSError as error:
            told = f"{name}, which cannot be read: {(error.strerror or str(error)).lower()}"
            self.faults.append(Fault(where, "a file inside the project", told, "check the path and its permissions"))
            return None

    def root(self, name: str, where: Location, chain: tuple[str, ...]) -> Node | None:
        """The nodes of a file that is imported. Raises PageError where that is one too many."""
        if name in chain:
            circle = " → ".join([*chain[chain.index(name) :], name])
            fault = Fault(where, "files that do not import each other in a circle", circle, "remove one of the imports")
            self.faults.append(fault)
            return None
        if name not in self.roots:
            self.roots[name] = self.of_file(name, where)
        page = self.pages.get(name)
        self.imported += 1
        self.characters += len(page.text) if page else 0
        for most, found, what in (
            (MOST_FILES, self.imported, "imported files"),
            (MOST_DEEP, len(chain), "imports one inside the other"),
            (MOST_CHARACTERS, self.characters, "characters imported in all"),
        ):
            if found > most:
                raise PageError([Fault(where, f"at most {most} {what}", "more than that", "split the page")])
        return self.roots[name]

    def of_file(self, name: str, where: Location) -> Node | None:
        """The nodes of a file; None where it holds none, which is then among the faults."""
        data = self.read(name, where)
        if data is None:
            return None
        try:
            if len(data) > MOST_BYTES:
                found = f"{name} of {len(data)} bytes"
                raise PageError([Fault(where, f"files of at most {MOST_BYTES} bytes", found, "split the file")])
            return self.parsed(page_from_bytes(data, name))
        except PageError as error:
            self.faults += error.faults
            return None


def is_path(node: Node) -> bool:
    """Whether a text can name files: nobody writes slashes, wildcards or these endings by chance."""
    return isinstance(node, Scalar) and (_has_form(node.raw) or is_pattern(node.raw) or "/" in node.raw)


def _has_form(name: str) -> bool:
    return f".{name.rpartition('.')[2].casefold()}" in SUFFIXES
