"""The project's pages to indexes and claims."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.index.claim import Claim
from harness.index.page import Page
from harness.project.project import Project

if TYPE_CHECKING:
    from harness.index.entries import Index


def read_pages(project: Project) -> list[Page]:
    """The text of every page."""
    return [project.page(name, path) for name, path in project.pages]


def parse_pages(pages: Sequence[Page], project: Project) -> "list[Index]":
    """The model-index of each page."""
    if not pages:
        return []
    # Loads the parsers, which a run that finds everything in the cache does not need.
    from harness.index.reading.index import read_index

    return [read_index(page, project.includes, project.files_of(page.name)) for page in pages]


def read_indexes(project: Project) -> "list[Index]":
    """The model-index of every page."""
    return parse_pages(read_pages(project), project)


def read_claims(project: Project) -> list[Claim]:
    """Every claim of the pages."""
    from harness.index.claims import claims

    return [claim for index in read_indexes(project) for claim in claims(index)]
