"""A page is also a Jinja template; what it would reach is read from its source, and nothing of it is run."""

import os
from pathlib import Path, PurePosixPath

from jinja2 import Environment, TemplateSyntaxError, nodes

from harness.index.entries import Include
from harness.index.faults import Fault, Location, PageError
from harness.index.page import Page


def read_includes(page: Page, folder: Path) -> tuple[Include, ...]:
    """The files that the page includes from `folder`.

    Raises PageError where the template is broken, reaches for Python's own attributes, or for a file outside
    `folder`.
    """
    if not page.is_template:
        return ()
    reader = _Reader(page, Path(os.path.realpath(folder)))
    reader.read(page.template, None)
    return tuple(reader.found.values())


class _Reader:
    """Reads a template and what it includes, each file once."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.found: dict[Path, Include] = {}

    def read(self, source: str, line: int | None) -> None:
        """Read one source; faults of an included file stand at the `line` of the page that includes it."""
        try:
            tree = Environment(autoescape=True).parse(source)
        except TemplateSyntaxError as error:
            raise self.fault(line or error.lineno, error.message or "a syntax error") from None
        except RecursionError:
            first = source.count("\n", 0, max(0, source.find("{"))) + 1
            raise self.fault(line or first, "an expression nested too deeply") from None
        for name in _names(tree):
            if name.value.startswith("__"):
                raise self.fault(line or name.lineno, f"a reach for {name.value!r}")
        for template, lineno in _reached(tree):
            self.follow(template, line or lineno)

    def follow(self, template: nodes.Expr, line: int) -> None:
        """Read what an include names."""
        name = template.value if isinstance(template, nodes.Const) else None
        if not isinstance(name, str):
            raise self.fault(line, "an include whose name is computed")
        if not name.isprintable():
            raise self.fault(line, f"an include of {name!r}, which is no file's name")
        path = Path(os.path.realpath(self.folder / name))
        if PurePosixPath(name).is_absolute() or not path.is_relative_to(self.folder):
            raise self.fault(line, f"an include outside it: {name}")
        try:
            if path not in self.found:
                self.found[path] = Include(name, line, path.is_file())
                if self.found[path].there:
                    self.read(path.read_text("utf-8"), line)
        except (OSError, ValueError):
            raise self.fault(line, f"{name}, which is no readable text") from None

    def fault(self, line: int, found: str) -> PageError:
        """The page error for something found at `line`."""
        expected = "a template that keeps to its variables and to files in _includes/"
        mend = "keep to text, variables and {% include 'name.md' %}"
        return PageError([Fault(Location(self.page.name, line, 1), expected, found, mend)])


def _names(tree: nodes.Template) -> list[nodes.Const]:
    """Every attribute and every text in an expression, as constants with their lines."""
    found = [nodes.Const(node.attr, lineno=node.lineno) for node in tree.find_all(nodes.Getattr)]
    return found + [node for node in tree.find_all(nodes.Const) if isinstance(node.value, str)]


def _reached(tree: nodes.Template) -> list[tuple[nodes.Expr, int]]:
    """What names another file, each with its line."""
    found: list[nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends] = []
    found += tree.find_all(nodes.Include)
    found += tree.find_all(nodes.Import)
    found += tree.find_all(nodes.FromImport)
    found += tree.find_all(nodes.Extends)
    return [(node.template, node.lineno) for node in found]
