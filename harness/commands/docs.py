"""Pages to what their readers see: templates rendered, verified claims put in."""

from collections.abc import Mapping
from pathlib import Path

from harness.evaluate.run.progress import Progress
from harness.index.entries import Index
from harness.index.faults import Fault, Location, PageError
from harness.index.page import Parts, form_of
from harness.index.templates.rendering import render
from harness.project.project import Project
from harness.report.files import page_folders
from harness.report.overview import by_page
from harness.report.verified_page import with_links_from, with_verdicts
from harness.verdict import Verdict
from harness.verify.run import Selection, read_indexes, verify

# The variable by which a page says where the table goes, and what stands there until the table does.
_TABLE = "verified_claims"
_MARK = "verified-claims-6b1d2f9c0a7e4835"
# What else a page may show, of its first model: its name, its weights, and the conditions it is evaluated under.
_OF_FIRST_MODEL = ("weights", "image_size", "crop_pct", "interpolation")


def document(project: Project, progress: Progress) -> tuple[Mapping[str, str], tuple[Verdict, ...]]:
    """The rendered pages by their paths below reports/pages/, and all verdicts.

    Raises PageError where a page cannot be rendered, before anything is measured.
    """
    indexes = [index for index in read_indexes(project) if can_be_rendered(index.page.name)]
    rendered = {index.page.name: _rendered(index, project.includes) for index in indexes}
    verdicts = verify(project, Selection(), project.resources, progress).portable
    on_page = by_page(verdicts)
    # Reports have a folder for every page, also for those that are not rendered.
    folders = page_folders(list(on_page))
    texts = {}
    for name, page in rendered.items():
        told = with_verdicts(page, _MARK, on_page[name], folders[name])
        texts[name] = told.before + told.index + told.after
    return {f"{folders[name]}.md": text for name, text in texts.items()}, verdicts


def can_be_rendered(name: str) -> bool:
    """Whether a page has anything to read beside its model-index: YAML and JSON files have not."""
    return form_of(name) is None


def _rendered(index: Index, includes: Path) -> Parts:
    name, model = next(iter(index.models.items()))
    declared = {kind: model.text(kind) for kind in _OF_FIRST_MODEL}
    variables = {"model_name": name, **declared, _TABLE: _MARK}
    # What is no template, such as a model card, is shown as it is.
    page = render(index.page, includes, variables) if index.page.is_template else index.page.parts
    times = (page.before + page.after).count(_MARK)
    if times > 1:
        fault = Fault(Location(index.page.name, 1, 1), f"{{{{ {_TABLE} }}}} once", f"it {times} times", "keep one")
        raise PageError([fault])
    outside = index.page.name.startswith(("/", ".."))
    return page if outside else with_links_from(page, index.page.name, "../..")
