"""A page's template to what its readers see. Only text, variables and includes are rendered; nothing can be run."""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, nodes

from harness.index.faults import Fault, Location, PageError
from harness.index.page import Page, Parts

_MOST_CHARACTERS = 8 * 1024 * 1024
_LONGEST_VALUE = 500
_RENDERED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Include)
# What could end a line, a fence or a tag would be read as more than the value it is.
_PLAIN = re.compile(r"[\w./:+%=&?#@, ()-]*")


def render(page: Page, folder: Path, variables: Mapping[str, str | None]) -> Parts:
    """The page with its variables and what it includes from `folder`, its model-index byte for byte.

    A variable that is None is one that the page's first model does not declare.
    Raises PageError where the template holds more than text, variables and includes, or a variable is not known.
    """
    parts = page.parts
    # The block stands aside meanwhile: to the template it would be text like any other.
    mark = f"model-index-{hashlib.sha256(page.text.encode()).hexdigest()}"
    source = parts.before + mark + parts.after
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown: values are held against a pattern instead
        keep_trailing_newline=True,
        newline_sequence="\r\n" if "\r\n" in page.text else "\n",
    )
    _Template(page, folder, environment, variables).require(source)
    before, found, after = environment.from_string(source).render(variables).partition(mark)
    if not found:
        raise _fault(page, 1, "a model-index inside a comment of the template")
    return Parts(before, parts.index, after)


class _Template:
    """Looks through a template and all that it includes, before any of it is rendered."""

    def __init__(self, page: Page, folder: Path, environment: Environment, variables: Mapping[str, str | None]) -> None:
        self.page = page
        self.folder = folder
        self.environment = environment
        self.variables = variables
        self.sizes: dict[str, int | None] = {}

    def require(self, source: str, included_at: int | None = None) -> int:
        """How many characters the source can become. Raises PageError where it is not to be rendered.

        Faults of an included file stand on the line of the page that includes it.
        """
        try:
            tree = self.environment.parse(source)
        except TemplateError as error:
            line = included_at or getattr(error, "lineno", None) or 1
            raise _fault(self.page, line, error.message or "a syntax error") from None
        size = len(source) + 1
        for node in tree.find_all(nodes.Node):
            line = included_at or node.lineno
            if not isinstance(node, _RENDERED):
                raise _fault(self.page, line, f"a {type(node).__name__.lower()}")
            if isinstance(node, nodes.Name):
                size += self._length_of(node.name, line)
            if isinstance(node, nodes.Include):
                size += self._size_of(node, line)
            if size > _MOST_CHARACTERS:
                raise _fault(self.page, line, f"one of more than {_MOST_CHARACTERS} characters")
        return size

    def _size_of(self, include: nodes.Include, line: int) -> int:
        name = include.template.value if isinstance(include.template, nodes.Const) else None
        if not isinstance(name, str):
            raise _fault(self.page, line, "an include whose name is computed")
        if not name.isprintable():
            raise _fault(self.page, line, f"an include of {name!r}, which is no file's name")
        path = Path(os.path.realpath(self.folder / name))
        inside = path.is_relative_to(os.path.realpath(self.folder))
        if not inside or not path.is_file():
            if include.ignore_missing:
                return 0
            raise _fault(self.page, line, f"an include of {name}, which is not in modelindex/_includes/")
        if name not in self.sizes:
            self.sizes[name] = None
            self.sizes[name] = self.require(path.read_text("utf-8"), line)
        size = self.sizes[name]
        if size is None:
            raise _fault(self.page, line, f"{name}, which includes itself")
        return size

    def _length_of(self, name: str, line: int) -> int:
        if name not in self.variables:
            raise _fault(self.page, line, f"the variable {name}; pages know {', '.join(self.variables)}")
        value = self.variables[name]
        if value is None:
            raise _fault(self.page, line, f"the variable {name}, which the page's first model does not declare")
        if not _PLAIN.fullmatch(value) or len(value) > _LONGEST_VALUE:
            told = repr(value) if len(value) <= _LONGEST_VALUE else f"{len(value)} characters"
            raise _fault(self.page, line, f"{told} as {name}, which could be read as more than a value")
        return len(value)


def _fault(page: Page, line: int, found: str) -> PageError:
    expected = "a template of text, variables and includes"
    mend = "keep to text, variables and {% include 'name.md' %}"
    return PageError([Fault(Location(page.name, line, 1), expected, found, mend)])
