"""The files that an index imports: found by name, folder or pattern, read once, and limited in number and size."""

from collections.abc import Iterator

from harness.index.document import FaultNode, Node, ScalarNode, SequenceNode, describe, is_text, parse_blocks
from harness.index.faults import Fault, Location, PageError
from harness.index.files import Files, beside, is_pattern, matching
from harness.index.page import MOST_BYTES, SUFFIXES, Page, page_from_bytes, says_index

_MAX_FILES = 2000
_MAX_DEPTH = 20
_MAX_CHARACTERS = 8 * MOST_BYTES
_MAX_SEARCHES = 100
_MAX_PATH_LENGTH = 1000


class Sources:
    """Parsed files. `pages` are the files read, by name.

    A `chain` holds the names of the files that import each other, from the page to the current file.
    """

    def __init__(self, files: Files) -> None:
        self.files = files
        self.pages: dict[str, Page] = {}
        self.roots: dict[str, list[Node]] = {}
        self.searches: dict[str, list[str]] = {}
        self.imported = 0
        self.characters = 0

    def parse(self, page: Page) -> list[Node]:
        """The nodes of each block of a page."""
        self.pages[page.name] = page
        return parse_blocks(page)

    def contents(self, reference: Node, chain: tuple[str, ...]) -> Iterator[tuple[Node, tuple[str, ...]]]:
        """The nodes of every file that a text or a list of texts names, each with its chain; a fault for no file."""
        for item in reference.items if isinstance(reference, SequenceNode) else (reference,):
            if not isinstance(item, ScalarNode) or not is_text(item):
                fix = "write the path of a file, or a list of paths"
                fault = Fault(item.where, "a file to import", describe(item), fix)
                yield item if isinstance(item, FaultNode) else FaultNode(fault.found, fault), chain
                continue
            try:
                names = self._names(item, chain)
            except _ImportError as error:
                yield FaultNode(item.raw, error.fault), chain
                continue
            for name in names:
                yield from ((root, (*chain, name)) for root in self._roots(name, item.where, chain))

    def _names(self, reference: ScalarNode, chain: tuple[str, ...]) -> list[str]:
        """The files that a reference names: one file, those that match a pattern, or the pages in a folder."""
        path, where = reference.raw.strip(), reference.where
        name = beside(where.file, path)
        if "://" in path:
            fix = "download the file, and import it by its path"
            raise _ImportError(Fault(where, "a file of this project", repr(path), fix))
        if not path.isprintable() or len(path) > _MAX_PATH_LENGTH:
            found = repr(path) if len(path) <= _MAX_PATH_LENGTH else f"a text of {len(path)} characters"
            raise _ImportError(Fault(where, "a file name", found, "correct the path"))
        if name is None:
            raise _ImportError(Fault(where, "a file inside the project", repr(path), "move the file into the project"))
        try:
            return self._find(name, reference, chain)
        except OSError as error:
            found = f"{path!r}, which cannot be searched: {error.strerror or error}"
            raise _ImportError(Fault(where, "files of this project", found, "name fewer files")) from None

    def _find(self, name: str, reference: ScalarNode, chain: tuple[str, ...]) -> list[str]:
        """The file with this name, or the files that it means as a pattern or folder. Raises OSError."""
        where = reference.where
        if name in self.roots or (not is_pattern(name) and self._read(name, where) is not None):
            return [name]
        if name not in self.searches:
            if len(self.searches) == _MAX_SEARCHES:
                expected = f"at most {_MAX_SEARCHES} folders and patterns"
                raise PageError([Fault(where, expected, "more", "name files, or split the page")])
            self.searches[name] = self._search(name, where)
        found = [file for file in self.searches[name] if file != chain[-1]]
        if not found:
            expected = "a file, a folder of pages or a pattern that matches one"
            fix = f"correct the path, which is relative to {where.file}"
            raise _ImportError(Fault(where, expected, f"nothing called {reference.raw!r}", fix))
        return found

    def _search(self, name: str, where: Location) -> list[str]:
        """The files with the suffix of a page that match a pattern, or the pages in a folder. Raises OSError."""
        if is_pattern(name):
            return [file for file in matching(self.files, name) if _has_page_suffix(file)]
        files = self.files.listed("" if name == "." else name, deep=True)
        pages = [file for file in files if _has_page_suffix(file)]
        return sorted(
            file for file in pages if says_index((self._read(file, where) or b"").decode("utf-8", "replace"), file)
        )

    def _read(self, name: str, where: Location) -> bytes | None:
        """The bytes of a file; None if it does not exist."""
        try:
            return self.files.read(name)
        except OSError as error:
            found = f"{name}, which cannot be read: {(error.strerror or str(error)).lower()}"
            fix = "check the path and its permissions"
            raise _ImportError(Fault(where, "a file inside the project", found, fix)) from None

    def _roots(self, name: str, where: Location, chain: tuple[str, ...]) -> list[Node]:
        """The nodes of each block of an imported file. Raises PageError if imports exceed a limit."""
        if name in chain:
            circle = " → ".join([*chain[chain.index(name) :], name])
            expected = "files that do not import each other in a circle"
            return [FaultNode(name, Fault(where, expected, circle, "remove one of the imports"))]
        if name not in self.roots:
            self.roots[name] = self._parse_file(name, where)
        page = self.pages.get(name)
        self.imported += 1
        self.characters += len(page.text) if page else 0
        for limit, number, what in (
            (_MAX_FILES, self.imported, "imported files"),
            (_MAX_DEPTH, len(chain), "levels of imports"),
            (_MAX_CHARACTERS, self.characters, "imported characters"),
        ):
            if number > limit:
                raise PageError([Fault(where, f"at most {limit} {what}", "more", "split the page")])
        return self.roots[name]

    def _parse_file(self, name: str, where: Location) -> list[Node]:
        """The nodes of each block of a file; a fault if it cannot be read."""
        try:
            if name.encode(errors="replace").decode() != name:
                raise _ImportError(Fault(where, "a file name in UTF-8", ascii(name), "rename the file"))
            data = self._read(name, where)
            if data is None:
                return []
            if len(data) > MOST_BYTES:
                found, fix = f"{name} of {len(data)} bytes", "split the file"
                raise _ImportError(Fault(where, f"files of at most {MOST_BYTES} bytes", found, fix))
            return self.parse(page_from_bytes(data, name))
        except _ImportError as error:
            return [FaultNode(name, error.fault)]
        except PageError as error:
            return [FaultNode(name, error.faults[0])]


class _ImportError(Exception):
    """A reference that names no file that can be read."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


def is_path(node: Node) -> bool:
    """Whether a node is a text that can name files: it has a slash, a wildcard or the suffix of a page."""
    if not isinstance(node, ScalarNode) or not is_text(node):
        return False
    return _has_page_suffix(node.raw) or is_pattern(node.raw) or "/" in node.raw


def _has_page_suffix(name: str) -> bool:
    return f".{name.rpartition('.')[2].casefold()}" in SUFFIXES
