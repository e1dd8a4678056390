"""Pages to what their readers see: templates rendered, verified claims put in."""

from collections.abc import Mapping

from harness.evaluate.progress import Progress
from harness.index.page import Page
from harness.index.records import Index
from harness.index.rendering import render
from harness.project import Project
from harness.report.files import page_files, page_folders
from harness.report.overview import by_page
from harness.report.pages import VARIABLE, with_links_from, with_verdicts
from harness.verify import Selection, read_indexes, verify

_VARIABLES = {
    "image_size": "image_size",
    "crop_pct": "crop_pct",
    "interpolation": "interpolation",
    "weights": "weights",
}
_MARK = "verified-claims-go-here"


def document(project: Project, progress: Progress) -> Mapping[str, str]:
    """The rendered pages by their paths below reports/pages/. Raises PageError where one cannot be rendered."""
    indexes = read_indexes(project)
    folders = page_folders([index.page.name for index in indexes])
    rendered = {index.page.name: _rendered(index, project) for index in indexes}
    answer = verify(project, Selection(), project.resources, progress)
    verdicts = by_page(answer.portable)
    return page_files(
        {
            name: with_verdicts(text, _MARK in text, _MARK, verdicts[name], folders[name])
            for name, text in rendered.items()
        }
    )


def _rendered(index: Index, project: Project) -> str:
    page = index.page
    text = render(page, project.includes, {**_variables(index), VARIABLE: _MARK})
    return text if page.name.startswith(("/", "..")) else _relinked(page, text)


def _relinked(page: Page, text: str) -> str:
    """The links outside the model-index led from reports/pages/."""
    start = text.rindex("<!--", 0, text.rindex(page.block.text))
    return with_links_from(text[:start], page.name, "../..") + text[start:]


def _variables(index: Index) -> dict[str, str]:
    """What a page may show of its first model: its name, its weights, and the conditions it is evaluated under."""
    name = next(iter(index.models))
    declared = {variable: index.models[name].text(kind) for variable, kind in _VARIABLES.items()}
    return {"model_name": name, **{variable: value for variable, value in declared.items() if value is not None}}
