"""One run: pages to claims to verdicts, which rules and waivers then amend."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.evaluate.run.progress import Progress
from harness.index.claim import Claim
from harness.index.page import Page
from harness.index.weights_url import is_relative
from harness.project.project import Project
from harness.project.references import References
from harness.project.resources import Resources, label_files
from harness.project.waivers import apply_waivers, utc_today
from harness.rules.application import apply_findings
from harness.rules.finding import Finding, finding_from_json
from harness.system.stdout import stdout_to_stderr
from harness.verdict import Status, Verdict, verdict_from_json
from harness.verify import cache
from harness.verify.reading import parse_pages, read_pages
from harness.verify.scopes import Scopes
from harness.verify.selection import ClaimSet, Selection

if TYPE_CHECKING:
    from harness.checks.shared.subject import Evaluations
    from harness.index.entries import Index

    _Claims = Mapping[Index, Sequence[Claim]]

PageVerdicts = Scopes[list[Verdict]]


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a run. Verdicts are in the order of the pages.

    `portable` are the verdicts for reports: the same on every machine, since only the project decides them. It is
    empty if only some claims were selected. `claims` are all claims of the pages, selected or not. `cached` is
    true if every verdict came from the cache. `pages` are the verdicts by page as the checks gave them, before rules
    and waivers. `left_out` counts what `without_structure` left out, of the verdicts and of the portable ones.
    """

    verdicts: tuple[Verdict, ...] = ()
    portable: tuple[Verdict, ...] = ()
    claims: tuple[Claim, ...] = ()
    cached: bool = False
    pages: Mapping[str, PageVerdicts] = field(default_factory=dict)
    left_out: Scopes[int] = field(default_factory=lambda: Scopes(0))

    def without_structure(self) -> "Verification":
        """Without passing claims that only structure a page."""
        verdicts, portable = (
            tuple(verdict for verdict in of_scope if not verdict.is_structural_pass)
            for of_scope in (self.verdicts, self.portable)
        )
        left_out = Scopes(len(self.verdicts) - len(verdicts), len(self.portable) - len(portable))
        return replace(self, verdicts=verdicts, portable=portable, left_out=left_out)


def verify(  # noqa: PLR0913, PLR0917 - what a run is made of
    project: Project,
    selection: Selection | ClaimSet,
    resources: Resources,
    progress: Progress,
    jobs: int | None = None,
    known: Mapping[str, PageVerdicts] | None = None,
) -> Verification:
    """Verify the project's pages.

    Passing claims that only structure a page are left out, unless claims of certain kinds are selected.
    `jobs` is the number of processes that judge models; None for one per core if there are enough models. `known` are
    the verdicts on pages that need not be judged again, by name, from an earlier run's `Verification.pages`.
    """
    portable = project.resources if selection.everything and resources != project.resources else None
    with stdout_to_stderr():
        result = _Run(project, Scopes(resources, portable), selection, progress, jobs).verify(known or {})
    everything = selection.everything and project.covers_all_pages
    verdicts = apply_waivers(result.verdicts, project.waivers, utc_today(), everything=everything)
    if isinstance(selection, ClaimSet) or selection.kinds:
        return replace(result, verdicts=verdicts, portable=())
    if not selection.everything:
        return replace(result, verdicts=verdicts, portable=()).without_structure()
    without_environment = (replace(verdict, environment={}) for verdict in result.portable)
    for_reports = apply_waivers(tuple(without_environment), project.waivers, None, everything=everything)
    return replace(result, verdicts=verdicts, portable=for_reports).without_structure()


def evaluate_claims(  # noqa: PLR0913 - what an evaluation is made of
    pages: "tuple[Index, ...]",
    claims: "Mapping[Index, Sequence[Claim]]",
    references: References,
    resources: Resources,
    progress: Progress,
    *,
    search: bool,
) -> "Evaluations":
    """Evaluate the models whose claims need it, in one pass over the images of each dataset. `pages` are all pages.

    With `search`, the cause of each accuracy that is not reproduced is searched for.
    """
    from harness.checks.shared.subject import Subject
    from harness.verify.evaluation_plan import plan_evaluations
    from harness.verify.judging import wants_images

    models = {index: {claim.model for claim in of_page if wants_images(claim)} for index, of_page in claims.items()}
    plan = plan_evaluations(
        Subject(index, references, resources, model, pages=pages)
        for index, of_page in models.items()
        for model in index.models
        if model in of_page
    )
    if not plan.by_folder:
        return plan.unavailable
    from harness.index.claims import claims as all_claims
    from harness.verify.cause_search import search_causes
    from harness.verify.evaluator import open_evaluator

    code = resources.root if resources.builders and resources.run_builders else None
    with open_evaluator(resources.evaluation, progress, code) as evaluator:
        evaluations = evaluator.run(plan)
        if search:
            declared = (claim for index in claims for claim in all_claims(index))
            evaluations |= search_causes(plan, evaluations, declared, evaluator)
    return evaluations


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over the pages, which judges their claims under the resources of each scope."""

    project: Project
    resources: Scopes[Resources]
    selection: Selection | ClaimSet
    progress: Progress
    jobs: int | None

    def verify(self, known: Mapping[str, PageVerdicts]) -> Verification:
        """The verdicts without waivers. Pages are judged unless they are known or in the cache."""
        pages = read_pages(self.project)
        keys = {page.name: self._cache_keys(page) for page in pages if page.name not in known and self._is_cacheable}
        judged = {page.name: known[page.name] for page in pages if page.name in known}
        judged |= {name: cached for name, of_page in keys.items() if (cached := self._load(name, of_page)) is not None}
        missed = [page for page in pages if page.name not in judged]
        claims = self._read(missed) if missed else {}
        linked = [index for index in claims if self._depends_on_other_pages(index)]
        others = [page for page in pages if page not in missed] if linked else []
        every = (*claims, *parse_pages(others, self.project))
        for index, verdicts in self._judge(every, claims).items():
            judged[index.page.name] = verdicts
            # A value that cannot be read stays so. What hides claims is always selected, which a cached claim is not.
            error = any(
                verdict.claim.hides_others or (verdict.status is Status.ERROR and not verdict.claim.fault)
                for of_scope in verdicts
                for verdict in of_scope
            )
            if verdicts.here and keys and index not in linked and not error:
                content = [[verdict.as_json() for verdict in of_scope] for of_scope in verdicts]
                weights = self._weights_named_by_path(index)
                cache.store(keys[index.page.name][0], content, [index.consulted], weights)
        here = [verdict for page in pages for verdict in judged[page.name].here if verdict.claim in self.selection]
        portable = [verdict for page in pages for verdict in judged[page.name].for_reports]
        findings_key = cache.key(self.project.root, self._contents(pages), [], "findings")
        findings = self._findings(findings_key, pages, claims) if here or portable else ()
        if missed:
            cache.evict(keep={findings_key, *(key for of_page in keys.values() for key in of_page)})
        declared = {name: [verdict.claim for verdict in verdicts.here] for name, verdicts in judged.items()}
        declared |= {index.page.name: list(of_page) for index, of_page in claims.items()}
        return Verification(
            apply_findings(here, findings),
            apply_findings(portable, findings),
            tuple(claim for page in pages for claim in declared[page.name]),
            cached=not missed,
            pages=judged,
        )

    def _read(self, pages: Sequence[Page]) -> "_Claims":
        """All claims of the pages."""
        from harness.index.claims import claims

        return {index: claims(index) for index in parse_pages(pages, self.project)}

    def _depends_on_other_pages(self, index: "Index") -> bool:
        """Whether other pages, which the page's key does not hold, decide which file a model's weights are."""
        from harness.checks.shared.subject import Subject

        references = self.project.references
        subjects = (Subject(index, references, scope, model) for scope in self.resources for model in index.models)
        return any(subject.depends_on_other_pages for subject in subjects)

    def _judge(self, pages: "tuple[Index, ...]", claims: "_Claims") -> "dict[Index, PageVerdicts]":
        """The verdicts on the selected claims."""
        selected = {index: [claim for claim in of_page if claim in self.selection] for index, of_page in claims.items()}
        if not any(selected.values()):
            return {index: self.resources.map(lambda _: []) for index in selected}
        # Loads the checks, which a run that finds everything in the cache does not need.
        from harness.verify.judging import judge_pages

        def evaluate(resources: Resources) -> "Evaluations":
            progress = self.progress if resources is self.resources.here else Progress()
            return evaluate_claims(pages, selected, self.project.references, resources, progress, search=True)

        evaluations = self.resources.map(evaluate)
        return judge_pages(
            pages, selected, self.project.references, self.resources, evaluations, self.jobs, self.progress
        )

    def _findings(self, key: str, pages: Sequence[Page], read: "Iterable[Index]") -> tuple[Finding, ...]:
        """What rules find across all pages, whatever is selected. `read` are the indexes that were read already."""
        cached = cache.load(key, [self.project.files_of(page.name) for page in pages])
        if cached is not None:
            return tuple(map(finding_from_json, cached))
        # Loads the rules, which a run that finds everything in the cache does not need.
        from harness.rules.table import findings

        by_name = {index.page.name: index for index in read}
        others = parse_pages([page for page in pages if page.name not in by_name], self.project)
        by_name |= {index.page.name: index for index in others}
        indexes = [by_name[page.name] for page in pages]
        found = findings(indexes, self.project.references)
        cache.store(key, [finding.as_json() for finding in found], [index.consulted for index in indexes])
        return found

    @property
    def _is_cacheable(self) -> bool:
        """Whether a key can hold everything that the verdicts depend on.

        It cannot hold what a source repository contains, what a project's builders import, or a large dataset (whose
        evaluations are stored anyway). `--refresh` asks for new evaluations, and the images that `--until-sure` uses
        depend on the evaluations stored so far.
        """
        resources, evaluation = self.resources.here, self.resources.here.evaluation
        if resources.source or resources.builders or evaluation.refresh or evaluation.early_stopping:
            return False
        return resources.images == self.project.resources.images

    def _load(self, page: str, keys: Sequence[str]) -> PageVerdicts | None:
        for key in keys:
            content = cache.load(key, [self.project.files_of(page)])
            if content is not None:
                return Scopes(*([verdict_from_json(verdict) for verdict in of_scope] for of_scope in content))
        return None

    def _cache_keys(self, page: Page) -> tuple[str, ...]:
        """The key of the page's selected claims, then that of all its claims if that is another."""
        if self.selection.everything:
            return (self._cache_key(page, self.resources, ""),)
        here, own = self.resources.here, self.project.resources
        everything = Scopes(here, own if own != here else None)
        return self._cache_key(page, self.resources, repr(self.selection)), self._cache_key(page, everything, "")

    def _cache_key(self, page: Page, scopes: Scopes[Resources], selection: str) -> str:
        folders = [folder for resources in scopes for folder in resources.images.values()]
        files = [path for folder in folders for path in (folder, *label_files(folder))]
        files += [resources.weights for resources in scopes if resources.weights]
        # Builders and source repositories are never cached, and `files` shows the contents of the folders.
        return cache.key(
            self.project.root, self._contents([page]) | self.project.included, files, repr([selection, *scopes])
        )

    def _contents(self, pages: Iterable[Page]) -> dict[str, bytes]:
        texts = {page.name: f"{page.text}{page.faults or ''}".encode() for page in pages}
        return {**texts, "references": self.project.references.digest.encode()}

    def _weights_named_by_path(self, index: "Index") -> list[Path]:
        """The weights files that models name by a path, which is relative to the file that names them."""
        values = [value for model in index.models.values() if (value := model.value("weights"))]
        root = self.project.root
        paths = [(root / value.where.file).parent / value.raw for value in values if is_relative(value.raw)]
        return [path for path in paths if not path.is_dir()]
