"""Pages as their readers see them: rendered templates with a table of verified claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.evaluate.run.progress import Progress
from harness.index.entries import Entry, Index
from harness.index.faults import Fault, Location, PageError
from harness.index.page import Parts, form_of
from harness.index.templates.rendering import render
from harness.project.project import Project
from harness.report.files import page_folders
from harness.report.overview import by_page
from harness.report.verified_page import with_links_from, with_verdicts
from harness.verdict import Status
from harness.verify.reading import read_indexes
from harness.verify.run import verify
from harness.verify.selection import Selection

# The variable that a page puts where the table goes, and the text that marks the place until the table is there.
_TABLE = "verified_claims"
_MARK = "verified-claims-6b1d2f9c0a7e4835"
# The other variables of a page: values of its first model.
_OF_FIRST_MODEL = ("weights", "image_size", "crop_pct", "interpolation")


@dataclass(frozen=True, slots=True)
class Documents:
    """The rendered pages by their paths below reports/pages/, and for each page that cannot be rendered, the reason."""

    texts: Mapping[str, str]
    refused: Mapping[str, str]


def document(project: Project, progress: Progress) -> Documents:
    """Render the pages. A page that cannot be read, or a check of which could not finish, is not rendered."""
    indexes = [index for index in read_indexes(project) if can_be_rendered(index.page.name)]
    verdicts = verify(project, Selection(), project.resources, progress).portable
    on_page = by_page(verdicts)
    # Reports have a folder for every page, also for pages that are not rendered.
    folders = page_folders(list(on_page))
    texts, refused = {}, {}
    for index in indexes:
        name = index.page.name
        file = f"{folders[name]}.md"
        error = next((verdict for verdict in on_page[name] if verdict.status is Status.ERROR), None)
        if error:
            refused[file] = f"{error.claim.where}: {error.claim.kind}: {error.reason}"
            continue
        try:
            parts = with_verdicts(_rendered(index, project.includes), _MARK, on_page[name], folders[name])
            texts[file] = parts.before + parts.index + parts.after
        except PageError as page_error:
            refused[file] = "; ".join(line.strip() for line in str(page_error).splitlines())
    return Documents(texts, refused)


def can_be_rendered(name: str) -> bool:
    """Whether a page has text besides its model-index: YAML and JSON files have none."""
    return form_of(name) is None


def _rendered(index: Index, includes: Path) -> Parts:
    name, model = next(iter(index.models.items()), (None, Entry({})))
    declared = {kind: model.text(kind) for kind in _OF_FIRST_MODEL}
    variables = {"model_name": name, **declared, _TABLE: _MARK}
    # A page that is no template, such as a model card, stays as it is.
    page = render(index.page, includes, variables) if index.page.is_template else index.page.parts
    times = (page.before + page.after).count(_MARK)
    if times > 1:
        fault = Fault(Location(index.page.name, 1, 1), f"{{{{ {_TABLE} }}}} once", f"it {times} times", "keep one")
        raise PageError([fault])
    outside = index.page.name.startswith(("/", ".."))
    return page if outside else with_links_from(page, index.page.name, "../..")
