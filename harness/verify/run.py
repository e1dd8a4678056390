"""Pages to claims to checks to verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from harness.evaluate.data.ground_truth import ground_truth_files
from harness.evaluate.run.progress import Progress
from harness.index.claim import Claim, ClaimKey
from harness.index.faults import collect
from harness.index.page import Page
from harness.index.weights_url import is_relative
from harness.project.project import Project
from harness.project.references import References
from harness.project.resources import Resources
from harness.project.waivers import apply_waivers, utc_today
from harness.rules.application import apply_findings
from harness.rules.finding import Finding
from harness.system.stdout import stdout_to_stderr
from harness.verdict import Verdict
from harness.verify import cache

if TYPE_CHECKING:
    from harness.checks.shared.subject import Evaluations
    from harness.commands.record import Unrecorded
    from harness.index.entries import Index
    from harness.project.records import Record

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


def verify(
    project: Project,
    selection: Selection | Named,
    resources: Resources,
    progress: Progress,
    jobs: int | None = None,
) -> Answer:
    """Verify the project's pages. Raises PageError, with the faults of all of them, before anything is judged.

    `jobs` is the number of processes that judge models; None for as many as there are cores, where it is worth it.
    """
    asked = [resources]
    if selection.everything and resources != project.resources:
        asked.append(project.resources)
    with stdout_to_stderr():
        answer = _Run(project, project.references, tuple(asked), selection, progress, jobs).answer()
    # The cache has the verdicts without waivers.
    everything = selection.everything and project.whole
    verdicts = apply_waivers(answer.verdicts, project.waivers, utc_today(), everything=everything)
    if not selection.everything:
        return replace(answer, verdicts=verdicts, portable=())
    portable = tuple(replace(verdict, environment={}) for verdict in answer.portable)
    portable = apply_waivers(portable, project.waivers, None, everything=everything)
    return replace(answer, verdicts=verdicts, portable=portable)


def measure_records(
    project: Project, selection: Selection, resources: Resources, progress: Progress
) -> "tuple[list[Record], list[Unrecorded]]":
    """Records of what can be evaluated here in full, and of every other result why there is none."""
    with stdout_to_stderr():
        return _Run(project, project.references, (resources,), selection, progress).records()


def read_claims(project: Project) -> list[Claim]:
    """Every claim of the project's pages. Raises PageError with the faults of all of them."""
    from harness.index.claims import claims

    return [claim for index in read_indexes(project) for claim in claims(index)]


def read_indexes(project: Project) -> "list[Index]":
    """The model-index of every page. Raises PageError with the faults of all of them."""
    return _read_indexes(_read_pages(project), project)


def read_weights(project: Project) -> list[tuple[str, str, Path]]:
    """Every model of the pages that names weights, what it names, and from which folder. Raises PageError."""
    weights = (claim for claim in read_claims(project) if claim.kind == "weights")
    return [(claim.model, claim.declared, (project.root / claim.where.file).parent) for claim in weights if claim.model]


def _read_pages(project: Project) -> list[Page]:
    return collect(project.pages, lambda page: project.page(*page))


def _read_indexes(pages: Sequence[Page], project: Project) -> "list[Index]":
    # Loads the libraries that parse, which an answer from the cache does without.
    from harness.index.reading.index import read_index

    return collect(pages, lambda page: read_index(page, project.includes, project.files_of(page.name)))


def _read_claims(pages: Sequence[Page], project: Project) -> "_Read":
    from harness.index.claims import claims

    return {index.page.name: (index, claims(index)) for index in _read_indexes(pages, project)}


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over the pages, which judges their claims once for each of the resources."""

    project: Project
    references: References
    resources: tuple[Resources, ...]
    selection: Selection | Named
    progress: Progress
    jobs: int | None = None

    def answer(self) -> Answer:
        pages = _read_pages(self.project)
        entries = {page.name: self._cache_keys(page) for page in pages}
        judged = {name: known for name, keys in entries.items() if (known := self._kept(name, keys)) is not None}
        missed = [page for page in pages if page.name not in judged]
        read = _read_claims(missed, self.project) if missed else {}
        for index, lists in self._judged(read).items():
            judged[index.page.name] = lists
            if lists[0] and self._can_be_kept and not self._depends_on_other_pages(index):
                cache.store(entries[index.page.name][0], lists, self._named_weights(index), index.consulted)
        claims: list[Claim] = []
        verdicts: list[Verdict] = []
        portable: list[Verdict] = []
        for page in pages:
            of_page = judged[page.name]
            claims += read[page.name][1] if page.name in read else [verdict.claim for verdict in of_page[0]]
            verdicts += [verdict for verdict in of_page[0] if verdict.claim in self.selection]
            portable += of_page[-1]
        found = self._findings(pages, read) if verdicts or portable else ()
        return Answer(apply_findings(verdicts, found), apply_findings(portable, found), tuple(claims), not missed)

    def _depends_on_other_pages(self, index: "Index") -> bool:
        """Whether a change of another page can change the page's verdicts, which its key would not show."""
        from harness.checks.shared.subject import Subject

        subjects = (Subject(index, self.references, each, model) for each in self.resources for model in index.models)
        return any(subject.depends_on_other_pages for subject in subjects)

    def _findings(self, pages: Sequence[Page], read: "_Read") -> tuple[Finding, ...]:
        """What rules find across all pages, selected or not; kept as long as no page is another."""
        contents = [*(page.text.encode() for page in pages), self.references.digest.encode()]
        entry = cache.key("findings", contents, [], repr([page.name for page in pages]))
        kept = cache.load_findings(entry, [self.project.files_of(page.name) for page in pages])
        if kept is None:
            # Loads the rules, which an answer from the cache does without.
            from harness.rules import findings

            others = _read_indexes([page for page in pages if page.name not in read], self.project)
            by_name = {index.page.name: index for index in (*others, *(index for index, _ in read.values()))}
            indexes = [by_name[page.name] for page in pages]
            kept = findings(indexes, self.references)
            cache.store_findings(entry, kept, [index.consulted for index in indexes])
        return kept

    def records(self) -> "tuple[list[Record], list[Unrecorded]]":
        from harness.commands.record import as_records

        read = _read_claims(_read_pages(self.project), self.project)
        return as_records(self._evaluated(self.resources[0], self._selected(read), search=False))

    @property
    def _can_be_kept(self) -> bool:
        """Whether the verdicts depend on nothing whose change their key would not show.

        What a repository holds at a commit can change without its folder showing it, and so can what a builder of the
        project is made of; a large dataset takes too long to look through, and its evaluation is kept anyway.
        `--until-sure` uses all images where all are kept.
        """
        resources, evaluation = self.resources[0], self.resources[0].evaluation
        if resources.source or resources.builders or evaluation.refresh or evaluation.early_stopping:
            return False
        return resources.images == self.project.resources.images

    def _kept(self, page: str, keys: Sequence[str]) -> tuple[list[Verdict], ...] | None:
        """What is kept of the selection, or of the whole page."""
        found = (cache.load(key, self.project.files_of(page)) for key in keys) if self._can_be_kept else iter(())
        return next((verdicts for verdicts in found if verdicts is not None), None)

    def _cache_keys(self, page: Page) -> tuple[str, ...]:
        """The key of what is selected of the page; behind it that of all of it, where that is more."""
        keys = [self._cache_key(page, self.resources, () if self.selection.everything else self.selection)]
        if not self.selection.everything:
            own = self.project.resources
            keys.append(self._cache_key(page, (*self.resources, *((own,) if own not in self.resources else ())), ()))
        return tuple(keys)

    def _cache_key(self, page: Page, asked: Sequence[Resources], selection: object) -> str:
        included = [path.read_bytes() for path in sorted(self.project.includes.rglob("*")) if path.is_file()]
        contents = [page.text.encode(), self.references.digest.encode(), *included]
        files: list[Path] = []
        settings: list[object] = [selection]
        for resources in asked:
            files += [path for folder in resources.images.values() for path in (folder, *ground_truth_files(folder))]
            files += [resources.weights] if resources.weights else []
            settings += [resources.tolerances, resources.records, resources.lock, resources.timm]
            settings += [resources.cross_check, resources.evaluation]
        return cache.key(page.name, contents, files, repr(settings))

    def _named_weights(self, index: "Index") -> list[Path]:
        """The weights files that the page names by their path, from the file that names them."""
        values = [value for model in index.models.values() if (value := model.values.get("weights"))]
        root = self.project.root
        return [(root / one.where.file).parent / one.raw for one in values if is_relative(one.raw)]

    def _selected(self, read: "_Read") -> "dict[Index, list[Claim]]":
        return {index: [claim for claim in found if claim in self.selection] for index, found in read.values()}

    def _evaluated(
        self, resources: Resources, selected: "Mapping[Index, Sequence[Claim]]", *, search: bool
    ) -> "Evaluations":
        """One pass over the images of each dataset for all pages."""
        if not any(selected.values()):
            return {}
        from harness.checks.shared.subject import Subject
        from harness.verify.evaluations import evaluate_subjects
        from harness.verify.judging import wants_images

        models = {index: {claim.model for claim in claims if wants_images(claim)} for index, claims in selected.items()}
        subjects = [
            Subject(index, self.references, resources, model, pages=tuple(selected))
            for index, wanting in models.items()
            for model in index.models
            if model in wanting
        ]
        progress = self.progress if resources is self.resources[0] else Progress()
        return evaluate_subjects(subjects, resources.evaluation, progress, search=search)

    def _judged(self, read: "_Read") -> "dict[Index, tuple[list[Verdict], ...]]":
        selected = self._selected(read)
        if not any(selected.values()):
            return {index: tuple([] for _ in self.resources) for index in selected}
        # Loads the checks, which an answer from the cache and a selection of nothing do without.
        from harness.verify.judging import judge_pages

        at_hand = [(resources, self._evaluated(resources, selected, search=True)) for resources in self.resources]
        return judge_pages(selected, self.references, at_hand, self.jobs, self.progress)
