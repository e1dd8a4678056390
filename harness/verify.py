"""Pages to claims to checks to verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness import cache
from harness.index.claim import Claim
from harness.index.faults import collect
from harness.index.page import Page, read_page
from harness.project import Project, Resources
from harness.references import SHIPPED, References, load_references
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.index.records import Index


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
    It is empty where only some claims were selected. `claims` are all claims of the pages, selected or not.
    """

    verdicts: tuple[Verdict, ...]
    portable: tuple[Verdict, ...]
    claims: tuple[Claim, ...]
    cached: bool


def verify(project: Project, selection: Selection, resources: Resources) -> Answer:
    """Verify the project's pages. Raises PageError, with the faults of all of them, before anything is judged."""
    references = load_references([SHIPPED, project.references])
    answer = _answer(project, references, resources, selection)
    if not selection.everything:
        return answer
    portable = answer if resources == Resources() else _answer(project, references, Resources(), selection)
    return replace(answer, portable=portable.verdicts, cached=answer.cached and portable.cached)


def read_claims(project: Project) -> list[Claim]:
    """Every claim of the project's pages. Raises PageError with the faults of all of them."""
    return [claim for found in _read_claims(_read_pages(project), project).values() for claim in found[1]]


def _read_pages(project: Project) -> list[Page]:
    return collect(project.pages, lambda page: read_page(page[1], page[0]))


def _read_claims(pages: Sequence[Page], project: Project) -> "dict[str, tuple[Index, tuple[Claim, ...]]]":
    # Loads the libraries that parse, which an answer from the cache does without.
    from harness.index.claims import claims
    from harness.index.records import read_index

    indexes = collect(pages, lambda page: read_index(page, project.includes))
    return {index.page.name: (index, claims(index)) for index in indexes}


def _answer(project: Project, references: References, resources: Resources, selection: Selection) -> Answer:
    pages = _read_pages(project)
    included = [path.read_bytes() for path in sorted(project.includes.rglob("*")) if path.is_file()]
    entries = {
        page.name: cache.key(page.name, [page.text.encode(), references.digest.encode(), *included], resources.weights)
        for page in pages
    }
    # What a repository holds at a commit can change without its folder showing it: asked again each time.
    kept = {name: None if resources.source else cache.load(entry) for name, entry in entries.items()}
    missed = [page for page in pages if kept[page.name] is None]
    read = _read_claims(missed, project) if missed else {}
    verdicts: list[Verdict] = []
    all_claims: list[Claim] = []
    for name, entry in entries.items():
        known = kept[name]
        if known is None:
            index, found = read[name]
            known = _judged(index, [claim for claim in found if claim in selection], references, resources)
            if selection.everything and not resources.source:
                cache.store(entry, known)
        else:
            found = tuple(verdict.claim for verdict in known)
        all_claims += found
        verdicts += [verdict for verdict in known if verdict.claim in selection]
    return Answer(tuple(verdicts), (), tuple(all_claims), not missed)


def _judged(index: "Index", selected: Sequence[Claim], references: References, resources: Resources) -> list[Verdict]:
    if not selected:
        return []
    # Loads the checks, which an answer from the cache and a selection of nothing do without.
    from harness.judge import judge_claims

    return judge_claims(index, selected, references, resources)
