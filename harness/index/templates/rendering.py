"""A page as its readers see it. Only text, variables and includes are rendered; code is refused."""

import hashlib
import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined, nodes

from harness.index.page import Page, Parts
from harness.index.templates.sources import Source, read_sources, template_fault

_MAX_CHARACTERS = 8 * 1024 * 1024
_MAX_VALUE_LENGTH = 500
_ALLOWED_NODES = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Include)
# Other characters could end a line, a fence or a tag.
_SAFE_VALUE = re.compile(r"[\w./:+%=&?#@, ()-]*")

Variables = Mapping[str, str | None]


def render(page: Page, folder: Path, variables: Variables) -> Parts:
    """The page with its variables and the files it includes from `folder`. The model-index stays byte for byte.

    A variable is None if the page's first model does not declare it. Raises PageError if the template contains
    anything but text, variables and includes, or an unknown variable.
    """
    parts = page.parts
    # A marker replaces the block, which is not part of the template.
    marker = f"model-index-{hashlib.sha256(page.text.encode()).hexdigest()}"
    text = parts.before + marker + parts.after
    sources = read_sources(page, text, folder)
    _check(page, sources, variables)
    # What was checked is what is rendered.
    texts = {
        found.name: sources[found.path].text
        for source in sources.values()
        for found in source.references
        if found.path in sources
    }
    environment = Environment(
        loader=DictLoader(texts),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown; values are checked against a pattern instead
        keep_trailing_newline=True,
        newline_sequence="\r\n" if "\r\n" in page.text else "\n",
    )
    before, found, after = environment.from_string(text).render(variables).partition(marker)
    if not found:
        raise template_fault(page, 1, "a model-index inside a comment of the template")
    return Parts(before, parts.index, after)


def _check(page: Page, sources: Mapping[Path | None, Source], variables: Variables) -> None:
    """Raise PageError for anything that must not be rendered, including a text that would become too long."""
    for source in sources.values():
        for node, line in source.nodes:
            if not isinstance(node, _ALLOWED_NODES):
                raise template_fault(page, line, f"a {type(node).__name__.lower()}")
            if isinstance(node, nodes.Name):
                _check_variable(page, node.name, line, variables)
        for reference in source.references:
            if reference.path not in sources and not reference.optional:
                found = f"an include of {reference.name}, which is not in modelindex/_includes/"
                raise template_fault(page, reference.line, found)
    _check_length(page, sources, variables)


def _check_variable(page: Page, name: str, line: int, variables: Variables) -> None:
    if name not in variables:
        raise template_fault(page, line, f"the variable {name}; pages know {', '.join(variables)}")
    value = variables[name]
    if value is None:
        raise template_fault(page, line, f"the variable {name}, which the page's first model does not declare")
    if not _SAFE_VALUE.fullmatch(value) or len(value) > _MAX_VALUE_LENGTH:
        shown = repr(value) if len(value) <= _MAX_VALUE_LENGTH else f"{len(value)} characters"
        raise template_fault(page, line, f"{shown} as {name}, which could be read as more than a value")


def _check_length(page: Page, sources: Mapping[Path | None, Source], variables: Variables) -> None:
    """Raise PageError if a file includes itself, or if the rendered text could be too long."""
    references = {
        path: [reference for reference in source.references if reference.path in sources]
        for path, source in sources.items()
    }
    graph = {path: [reference.path for reference in references[path]] for path in sources}
    try:
        included_first = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = error.args[1]
        cause = next(found for path in circle for found in references[path] if found.path in circle)
        raise template_fault(page, cause.line, f"{cause.name}, which includes itself") from None
    lengths: dict[Path | None, int] = {}
    for path in included_first:
        names = [node.name for node, _ in sources[path].nodes if isinstance(node, nodes.Name)]
        lengths[path] = len(sources[path].text) + 1 + sum(len(variables[name] or "") for name in names)
        lengths[path] += sum(lengths[reference.path] for reference in references[path])
    if lengths[None] > _MAX_CHARACTERS:
        line = max(references[None], key=lambda found: lengths[found.path]).line if references[None] else 1
        raise template_fault(page, line, f"a text of more than {_MAX_CHARACTERS} characters")
