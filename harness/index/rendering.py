"""A page's template to what its readers see. Only text, variables and includes are rendered; nothing can be run."""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, meta, nodes

from harness.index.faults import Fault, Location, PageError
from harness.index.page import Page

_MOST_CHARACTERS = 8 * 1024 * 1024
_RENDERED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Include)
# What could end a line, a fence or a tag would be read as more than the value it is.
_PLAIN = re.compile(r"[\w./:+%=&?#@, ()-]*")


def render(page: Page, folder: Path, variables: Mapping[str, str]) -> str:
    """The page with its variables and what it includes from `folder`, its model-index byte for byte.

    Raises PageError where the template holds more than text, variables and includes, or a variable is not known.
    """
    start = page.text.rindex("<!--", 0, page.block.start)
    end = page.block.start + len(page.block.text) + len("-->")
    # The block stands aside meanwhile: to the template it would be text like any other.
    mark = f"model-index-{hashlib.sha256(page.text.encode()).hexdigest()}"
    source = page.text[:start] + mark + page.text[end:]
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown: values are held against a pattern instead
        keep_trailing_newline=True,
        newline_sequence="\r\n" if "\r\n" in page.text else "\n",
    )
    _Renderable(page, folder, environment, variables).require(source)
    before, found, after = environment.from_string(source).render(variables).partition(mark)
    if not found:
        raise _fault(page, 1, "a model-index inside a comment of the template")
    return before + page.text[start:end] + after


class _Renderable:
    """Looks through a template and all that it includes, before any of it is rendered."""

    def __init__(self, page: Page, folder: Path, environment: Environment, variables: Mapping[str, str]) -> None:
        self.page = page
        self.folder = folder
        self.environment = environment
        self.variables = variables
        self.sizes: dict[str, int | None] = {}

    def require(self, source: str) -> int:
        """How many characters the source can become. Raises PageError where it is not to be rendered."""
        try:
            tree = self.environment.parse(source)
        except TemplateError as error:
            raise _fault(self.page, getattr(error, "lineno", None) or 1, error.message or "a syntax error") from None
        for node in tree.find_all(nodes.Node):
            if not isinstance(node, _RENDERED):
                raise _fault(self.page, node.lineno, f"a {type(node).__name__.lower()}")
        for name in sorted(meta.find_undeclared_variables(tree)):
            self._require_variable(name)
        size = len(source) + 1
        for include in tree.find_all(nodes.Include):
            size += self._size_of(include)
            if size > _MOST_CHARACTERS:
                raise _fault(self.page, include.lineno, f"more than {_MOST_CHARACTERS} characters")
        return size

    def _size_of(self, include: nodes.Include) -> int:
        name = include.template.value if isinstance(include.template, nodes.Const) else None
        path = Path(os.path.realpath(self.folder / str(name)))
        inside = path.is_relative_to(os.path.realpath(self.folder))
        if not isinstance(name, str) or not inside or not path.is_file():
            if include.ignore_missing:
                return 0
            raise _fault(self.page, include.lineno, f"an include of {name}, which is not in modelindex/_includes/")
        if name not in self.sizes:
            self.sizes[name] = None
            self.sizes[name] = self.require(path.read_text("utf-8"))
        size = self.sizes[name]
        if size is None:
            raise _fault(self.page, include.lineno, f"{name}, which includes itself")
        return size

    def _require_variable(self, name: str) -> None:
        if name not in self.variables:
            raise _fault(self.page, 1, f"the variable {name}; pages know {', '.join(self.variables)}")
        if not _PLAIN.fullmatch(self.variables[name]):
            raise _fault(self.page, 1, f"{self.variables[name]!r} as {name}, which could be read as more than a value")


def _fault(page: Page, line: int, found: str) -> PageError:
    expected = "a template of text, variables and includes"
    mend = "keep to text, variables and {% include 'name.md' %}"
    return PageError([Fault(Location(page.name, line, 1), expected, found, mend)])
