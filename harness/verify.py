"""Pages to claims to checks to verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness import cache
from harness.index.claim import Claim
from harness.index.faults import collect
from harness.index.page import Page, read_page
from harness.project import Project, Resources
from harness.references import SHIPPED, References, load_references
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Selection:
    """Which claims to verify: glob patterns for models (`page` for claims of the page) and kinds; none means all."""

    models: Sequence[str] = ()
    kinds: Sequence[str] = ()

    def __contains__(self, claim: Claim) -> bool:
        return _matches(claim.model or "page", self.models) and _matches(claim.kind, self.kinds)

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.models and not self.kinds


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Answer:
    """Verdicts in the order of the pages.

    `portable` are those that nothing but the project decides, the same on every machine: the ones for reports.
    It is empty where only some claims were selected.
    """

    verdicts: tuple[Verdict, ...]
    portable: tuple[Verdict, ...]
    cached: bool


def verify(project: Project, selection: Selection, resources: Resources) -> Answer:
    """Verify the project's pages. Raises PageError, with the faults of all of them, before anything is judged."""
    references = load_references([SHIPPED, project.references])
    pages = read_pages(project)
    verdicts, cached = _answer(pages, project, references, resources, selection)
    if not selection.everything:
        return Answer(verdicts, (), cached)
    if resources == Resources():
        return Answer(verdicts, verdicts, cached)
    portable, portable_cached = _answer(pages, project, references, Resources(), selection)
    return Answer(verdicts, portable, cached and portable_cached)


def read_pages(project: Project) -> list[Page]:
    """The project's pages. Raises PageError with the faults of all of them."""
    return collect(project.pages, lambda page: read_page(page[1], page[0]))


def _answer(
    pages: Sequence[Page],
    project: Project,
    references: References,
    resources: Resources,
    selection: Selection,
) -> tuple[tuple[Verdict, ...], bool]:
    """The selected verdicts, and whether all of them were kept from an earlier run."""
    included = [path.read_bytes() for path in sorted(project.includes.rglob("*")) if path.is_file()]
    entries = {
        page.name: cache.key(page.name, [page.text.encode(), references.digest.encode(), *included], resources.weights)
        for page in pages
    }
    # What a repository holds at a commit can change without its folder showing it: asked again each time.
    verdicts = {name: None if resources.source else cache.load(entry) for name, entry in entries.items()}
    missed = [page for page in pages if verdicts[page.name] is None]
    if missed:
        # Loads the checks and the libraries that parse, which an answer from the cache does without.
        from harness.judge import judge_page, read_indexes

        for index in read_indexes(missed, project):
            name = index.page.name
            judged = judge_page(index, references, resources, selection.__contains__)
            verdicts[name] = judged
            if selection.everything and not resources.source:
                cache.store(entries[name], judged)
    selected = [verdict for known in verdicts.values() for verdict in known or () if verdict.claim in selection]
    return tuple(selected), not missed
