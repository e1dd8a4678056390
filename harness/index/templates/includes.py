"""The files that a page's template includes. The template is parsed and never run."""

from pathlib import Path

from jinja2 import nodes

from harness.index.entries import Include
from harness.index.page import Page
from harness.index.templates.sources import read_sources, template_fault


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
