"""The syntax trees of a page's template and of the files it includes. Nothing is run."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jinja2 import Environment, TemplateSyntaxError, nodes

from harness.index.entries import Include
from harness.index.faults import Fault, Location, PageError
from harness.index.files import is_hidden
from harness.index.page import MOST_BYTES, Page
from harness.system.files import leads_inside, read_file

_REFERENCES = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


@dataclass(frozen=True, slots=True)
class Reference:
    """A file that a template names, and the line of the page. `optional` is true for `ignore missing`."""

    name: str
    path: Path
    line: int
    optional: bool


@dataclass(frozen=True, slots=True)
class Source:
    """One template: its text, its nodes with their lines on the page, and the files it names."""

    text: str
    nodes: tuple[tuple[nodes.Node, int], ...]
    references: tuple[Reference, ...]


def template_fault(page: Page, line: int, found: str) -> PageError:
    """The error for something in a template that pages must not contain."""
    expected = "a template of text, variables and files in _includes/"
    fix = "keep to text, variables and {% include 'name.md' %}"
    return PageError([Fault(Location(page.name, line, 1), expected, found, fix)])


def read_includes(page: Page, folder: Path) -> tuple[Include, ...]:
    """The files that the page includes from `folder`, directly or through other files.

    Raises PageError if the template is broken, names Python's own attributes, or a file outside `folder`.
    """
    if not page.is_template:
        return ()
    sources = read_sources(page, page.template, folder)
    includes: dict[Path, Include] = {}
    for source in sources.values():
        for node, line in source.nodes:
            name = node.attr if isinstance(node, nodes.Getattr) else node.value if isinstance(node, nodes.Const) else ""
            if isinstance(name, str) and name.startswith("__"):
                raise template_fault(page, line, f"the name {name!r}")
        for reference in source.references:
            there = reference.path in sources
            includes.setdefault(reference.path, Include(reference.name, reference.line, there))
    return tuple(sorted(includes.values(), key=lambda include: include.line))


def read_sources(page: Page, text: str, folder: Path) -> Mapping[Path | None, Source]:
    """A template (under None) and every file that it includes from `folder`, by path; missing files are left out.

    Nodes of an included file have the line of the page that includes it. Raises PageError for broken syntax, and for
    a file that is unreadable, no regular file, larger than 1 MiB, outside `folder` or named by an expression.
    """
    # The project's root is two folders above `modelindex/_includes`, which may be a link.
    inside = leads_inside(folder, folder.absolute().parents[1])
    folder = Path(os.path.realpath(folder))
    sources: dict[Path | None, Source] = {None: _parse(page, text, None, folder)}
    pending = list(reversed(sources[None].references))
    while pending:
        reference = pending.pop()
        if not inside:
            raise template_fault(page, reference.line, f"{reference.name}, but _includes/ leads out of the project")
        if reference.path not in sources and reference.path.exists():
            try:
                included = read_file(reference.path, MOST_BYTES, folder).decode()
            except (OSError, ValueError):
                raise template_fault(page, reference.line, f"{reference.name}, which is not readable text") from None
            sources[reference.path] = _parse(page, included, reference.line, folder)
            pending += reversed(sources[reference.path].references)
    return sources


def _parse(page: Page, text: str, line: int | None, folder: Path) -> Source:
    try:
        tree = Environment(autoescape=True).parse(text)
    except TemplateSyntaxError as error:
        raise template_fault(page, line or error.lineno, error.message or "a syntax error") from None
    except RecursionError:
        raise template_fault(page, line or _first_line(text), "an expression nested too deeply") from None
    except ValueError as error:  # such as a number with too many digits
        raise template_fault(page, line or _first_line(text), str(error)) from None
    lined = tuple((node, line or node.lineno) for node in _descendants(tree))
    return Source(text, lined, tuple(_references(page, lined, folder)))


def _first_line(text: str) -> int:
    """The line of the first template statement or expression."""
    return text.count("\n", 0, max(0, text.find("{"))) + 1


def _descendants(tree: nodes.Node) -> Iterator[nodes.Node]:
    """All nodes below a node, without recursion: a long sum is a deep tree."""
    pending = list(tree.iter_child_nodes())[::-1]
    while pending:
        node = pending.pop()
        yield node
        pending += list(node.iter_child_nodes())[::-1]


def _references(page: Page, lined: tuple[tuple[nodes.Node, int], ...], folder: Path) -> Iterator[Reference]:
    for node, line in lined:
        if not isinstance(node, _REFERENCES):
            continue
        name = node.template.value if isinstance(node.template, nodes.Const) else None
        if not isinstance(name, str):
            raise template_fault(page, line, "an include whose name is computed")
        if not name.isprintable():
            raise template_fault(page, line, f"an include of {name!r}, which is not a file name")
        path = Path(os.path.realpath(folder / name))
        if PurePosixPath(name).is_absolute() or not path.is_relative_to(folder):
            raise template_fault(page, line, f"an include outside _includes/: {name}")
        if is_hidden(name):
            raise template_fault(page, line, f"an include of a hidden file: {name}")
        yield Reference(name, path, line, getattr(node, "ignore_missing", False))
