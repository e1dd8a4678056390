"""Pages to claims to checks to verdicts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from harness import cache
from harness.cross_examination import apply_findings
from harness.evaluate.progress import Progress, Silent
from harness.evaluate.truth import truth_files
from harness.finding import Finding
from harness.index.claim import Claim, ClaimKey
from harness.index.faults import collect
from harness.index.page import Page, read_page
from harness.index.weights_url import is_relative
from harness.project import Project
from harness.references import SHIPPED, References, load_references
from harness.resources import Resources
from harness.verdict import Verdict
from harness.waivers import apply_waivers

if TYPE_CHECKING:
    from harness.checks.subject import Evaluations
    from harness.index.records import Index
    from harness.record import Record
    from harness.recording import Unrecorded

    # The index and the claims of each page, by its name.
    _Read = dict[str, tuple[Index, tuple[Claim, ...]]]


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


@dataclass(frozen=True, slots=True)
class Named:
    """Just these claims, by model, kind and place."""

    claims: frozenset[ClaimKey]

    def __contains__(self, claim: Claim) -> bool:
        return claim.key in self.claims

    def __repr__(self) -> str:
        return repr(sorted(map(str, self.claims)))

    @property
    def everything(self) -> bool:
        """Whether nothing is left out; not to be known of a list."""
        return False


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


def verify(project: Project, selection: Selection | Named, resources: Resources, progress: Progress) -> Answer:
    """Verify the project's pages. Raises PageError, with the faults of all of them, before anything is judged."""
    references = load_references([SHIPPED, project.references])
    answer = _Run(project, references, resources, selection, progress).answer()
    waive = _waiving(project, everything=selection.everything and project.whole)
    if not selection.everything:
        return replace(answer, verdicts=waive(answer.verdicts))
    portable = answer
    if resources != project.resources:
        portable = _Run(project, references, project.resources, selection, Silent()).answer()
    verdicts = tuple(replace(verdict, environment={}) for verdict in portable.verdicts)
    cached = answer.cached and portable.cached
    return replace(answer, verdicts=waive(answer.verdicts), portable=waive(verdicts), cached=cached)


def _waiving(project: Project, *, everything: bool) -> Callable[[Sequence[Verdict]], tuple[Verdict, ...]]:
    """Applies the project's waivers as of today; verdicts are kept without them."""
    today = datetime.now().astimezone().date()
    return lambda verdicts: apply_waivers(verdicts, project.waivers, today, everything=everything)


def measure_records(
    project: Project, selection: Selection, resources: Resources, progress: Progress
) -> "tuple[list[Record], list[Unrecorded]]":
    """Records of what can be evaluated here in full, and of every other result why there is none."""
    references = load_references([SHIPPED, project.references])
    return _Run(project, references, resources, selection, progress).records()


def read_claims(project: Project) -> list[Claim]:
    """Every claim of the project's pages. Raises PageError with the faults of all of them."""
    return [claim for found in _read_claims(_read_pages(project), project).values() for claim in found[1]]


def read_indexes(project: Project) -> "list[Index]":
    """The model-index of every page. Raises PageError with the faults of all of them."""
    return [index for index, _ in _read_claims(_read_pages(project), project).values()]


def read_weights(project: Project) -> list[tuple[str, str, Path]]:
    """Every model of the project's pages that names weights, what it names, and the page's folder. Raises PageError."""
    folders = {name: path.parent for name, path in project.pages}
    weights = (claim for claim in read_claims(project) if claim.kind == "weights")
    return [(claim.model, claim.declared, folders[claim.page]) for claim in weights if claim.model]


def _read_pages(project: Project) -> list[Page]:
    return collect(project.pages, lambda page: read_page(page[1], page[0]))


def _read_claims(pages: Sequence[Page], project: Project) -> "_Read":
    # Loads the libraries that parse, which an answer from the cache does without.
    from harness.index.claims import claims
    from harness.index.records import read_index

    indexes = collect(pages, lambda page: read_index(page, project.includes))
    return {index.page.name: (index, claims(index)) for index in indexes}


@dataclass(frozen=True, slots=True)
class _Run:
    project: Project
    references: References
    resources: Resources
    selection: Selection | Named
    progress: Progress

    def answer(self) -> Answer:
        pages = _read_pages(self.project)
        entries = {page.name: self._cache_keys(page) for page in pages}
        kept = {name: self._kept(keys) for name, keys in entries.items()}
        missed = [page for page in pages if kept[page.name] is None]
        read = _read_claims(missed, self.project) if missed else {}
        selected = {name: [claim for claim in found if claim in self.selection] for name, (_, found) in read.items()}
        evaluations = self._evaluated(read, selected, search=True)
        verdicts: list[Verdict] = []
        all_claims: list[Claim] = []
        for name, keys in entries.items():
            known = kept[name]
            if known is None:
                index, found = read[name]
                known = self._judged(index, selected[name], evaluations)
                if known and self._can_be_kept:
                    cache.store(keys[0], known, self._named_weights(index))
            else:
                found = tuple(verdict.claim for verdict in known)
            all_claims += found
            verdicts += [verdict for verdict in known if verdict.claim in self.selection]
        judged = apply_findings(verdicts, self._findings(pages, read))
        return Answer(judged, (), tuple(all_claims), not missed)

    def _findings(self, pages: Sequence[Page], read: "_Read") -> tuple[Finding, ...]:
        """What rules find across all pages, selected or not; kept as long as no page is another."""
        contents = [*(page.text.encode() for page in pages), self.references.digest.encode()]
        entry = cache.key(
            "findings", [*contents, self.references.digest.encode()], [], repr([one.name for one in pages])
        )
        kept = cache.load_findings(entry)
        if kept is None:
            # Loads the rules, which an answer from the cache does without.
            from harness.rules import findings

            read = {**read, **_read_claims([page for page in pages if page.name not in read], self.project)}
            kept = findings([read[page.name][0] for page in pages], self.references)
            cache.store_findings(entry, kept)
        return kept

    def records(self) -> "tuple[list[Record], list[Unrecorded]]":
        from harness.recording import as_records

        read = _read_claims(_read_pages(self.project), self.project)
        selected = {name: [claim for claim in found if claim in self.selection] for name, (_, found) in read.items()}
        return as_records(self._evaluated(read, selected, search=False))

    @property
    def _can_be_kept(self) -> bool:
        """Whether the verdicts depend on nothing whose change their key would not show.

        What a repository holds at a commit can change without its folder showing it; a large dataset takes too long
        to look through, and its evaluation is kept anyway.
        """
        resources = self.resources
        own = self.project.resources.images
        return not resources.source and resources.images == own and not resources.evaluation.refresh

    def _kept(self, keys: Sequence[str]) -> list[Verdict] | None:
        """What is kept of the selection, or of the whole page."""
        found = (cache.load(key) for key in keys) if self._can_be_kept else iter(())
        return next((verdicts for verdicts in found if verdicts is not None), None)

    def _cache_keys(self, page: Page) -> tuple[str, ...]:
        """The key of what is selected of the page; behind it that of all of it, where that is more."""
        included = [path.read_bytes() for path in sorted(self.project.includes.rglob("*")) if path.is_file()]
        contents = [page.text.encode(), self.references.digest.encode(), *included]
        resources = self.resources
        images = [path for folder in resources.images.values() for path in (folder, *truth_files(folder))]
        files = [*images, *([resources.weights] if resources.weights else [])]
        settings = [resources.tolerances, resources.records, resources.lock, resources.timm, resources.evaluation]
        selections = [()] if self.selection.everything else [self.selection, ()]
        return tuple(cache.key(page.name, contents, files, repr([*settings, chosen])) for chosen in selections)

    def _named_weights(self, index: "Index") -> list[Path]:
        """The weights files that the page names by their path."""
        addresses = [model.text("weights") or "" for model in index.models.values()]
        beside = (self.project.root / index.page.name).parent
        return [beside / address for address in addresses if address and is_relative(address)]

    def _evaluated(
        self,
        read: "_Read",
        selected: Mapping[str, Sequence[Claim]],
        *,
        search: bool,
    ) -> "Evaluations":
        """One pass over the images of each dataset for all pages."""
        if not any(selected.values()):
            return {}
        from harness.judge import wants_images

        models = {name: {claim.model for claim in claims if wants_images(claim)} for name, claims in selected.items()}
        from harness.checks.subject import Subject
        from harness.evaluations import evaluate_subjects

        subjects = [
            Subject(index, self.references, self.resources, model)
            for name, (index, _) in read.items()
            for model in index.models
            if model in models[name]
        ]
        return evaluate_subjects(subjects, self.resources.evaluation, self.progress, search=search)

    def _judged(self, index: "Index", selected: Sequence[Claim], evaluations: "Evaluations") -> list[Verdict]:
        if not selected:
            return []
        # Loads the checks, which an answer from the cache and a selection of nothing do without.
        from harness.judge import judge_claims

        return judge_claims(index, selected, self.references, self.resources, evaluations)
