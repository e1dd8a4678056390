"""What a change of the pages can affect: two states of a page compared by meaning, claim by claim."""

import os
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.checks import CHECKS
from harness.checks.shared.reads import READINGS, measured_from
from harness.checks.shared.subject import Need, Subject
from harness.commands.base_commit import Base
from harness.index.claim import Claim, ClaimKey
from harness.index.claims import claims
from harness.index.entries import Index
from harness.index.faults import PageError
from harness.index.files import is_pattern, matching
from harness.index.reading.index import read_index
from harness.project.files import CommitFiles
from harness.project.project import Project
from harness.project.references import References
from harness.project.resources import Resources
from harness.rules import findings
from harness.system.git import RepositoryError, changed_files, commit_of, top_folder

_LONGEST_SHOWN = 50

# What rules find, by page and claim: which rule, and what it says.
_Found = Mapping[tuple[str, ClaimKey], set[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Affected:
    """A claim whose verdict a change can alter, and what of the change does."""

    claim: Claim
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """All claims of the pages, and those that are affected, in the order of the pages."""

    claims: tuple[Claim, ...]
    affected: tuple[Affected, ...]


def changes_since(project: Project, resources: Resources, reference: str) -> Changes:
    """Compare the project's pages with what they were at a commit, read from git's objects.

    Another file of modelindex/ that changed, such as a reference, can affect every claim: verdicts draw on all of them.
    So can a Python file of a project that has builders of its own.
    Raises RepositoryError where the commit cannot be read, or a page is gone; PageError where a page cannot be read.
    """
    top = top_folder(project.root)
    base = Base(top, commit_of(top, reference), reference)
    changed = changed_files(top, base.commit)
    references = project.references
    pages = [Subject(_read_now(project, base, name, path), references, resources) for name, path in project.pages]
    if project.whole:
        _refuse_lost_pages(project, base, {name for page in pages for name in page.index.files})
    beside = _beside(project, base, changed, pages)
    were = [base.index_or_error(name, path, project) for name, path in project.pages]
    readable = [index for index in were if isinstance(index, Index)]
    found = _found(readable, references), _found([page.index for page in pages], references)
    between = _Between(base, {str(top / name) for name in changed}, found)
    affected: list[Affected] = []
    for page, was in zip(pages, were, strict=True):
        if isinstance(was, PageError):
            affected += _all(page, f"the page could not be read at {reference}")
        elif was is None:
            affected += _all(page, f"the page is new since {reference}")
        elif beside:
            affected += _all(page, f"{', '.join(beside)} changed")
        else:
            affected += _affected(replace(page, index=was), page, between)
    return Changes(tuple(claim for page in pages for claim in claims(page.index)), tuple(affected))


def _found(indexes: Sequence[Index], references: References) -> _Found:
    """What rules find across the pages: for each claim which rules, and what they say."""
    found: dict[tuple[str, ClaimKey], set[tuple[str, str]]] = defaultdict(set)
    for finding in findings(indexes, references):
        found[finding.page, finding.claim].add((finding.rule, finding.reason))
    return found


@dataclass(frozen=True, slots=True)
class _Between:
    """Between two states: the earlier one, the paths of all changed files, what rules found before and find now."""

    base: Base
    changed: set[str]
    found: tuple[_Found, _Found]


def _refuse_lost_pages(project: Project, base: Base, imported: Iterable[str]) -> None:
    """Raises RepositoryError where a page that was verified at the commit is not verified any more, nor imported."""
    folder = project.root / "modelindex"
    try:
        settings = tomllib.loads((base.file(folder / "verify.toml") or b"").decode("utf-8-sig"))
    except ValueError:
        return
    names = settings.get("pages")
    known = {base.name(path) for _, path in project.pages} | {base.name(project.root / name) for name in imported}
    files = CommitFiles(base.top, base.commit, base.name(folder) or "")
    named = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    verified = [folder / one for name in named for one in (matching(files, name) if is_pattern(name) else [name])]
    lost = [path for path in verified if base.name(path) not in known and base.file(path) is not None]
    if lost:
        new = [name for name, path in project.pages if base.file(path) is None]
        renamed = f" (renamed to {', '.join(new)}?)" if new else ""
        told = ", ".join(base.name(path) or path.name for path in lost)
        raise RepositoryError(
            f"expected the pages of {base.reference}, got none for {told}{renamed}: deleted or renamed pages cannot be "
            "compared; name the pages to compare on the command line, or run `verify all`"
        )


def _read_now(project: Project, base: Base, name: str, path: Path) -> Index:
    """The page's index as it is now. Raises PageError, with the faults at the commit too where it had some."""
    try:
        return read_index(project.page(name, path), project.includes, project.files_of(name))
    except PageError as error:
        try:
            base.index(name, path, project)
        except PageError as before:
            raise PageError([*error.faults, *before.faults]) from None
        raise


def _beside(project: Project, base: Base, changed: set[str], pages: Sequence[Subject]) -> list[str]:
    """The changed files that verdicts may draw on and that are no pages; weights files are looked at by their model.

    With builders of the project's own these are its Python files too, of which builders import what they like.
    """
    folder = base.name(project.root / "modelindex")
    own = {base.name(path) for _, path in project.pages}
    own |= {base.name(path) for page in pages for model in page.models if (path := model.weights_beside) is not None}
    own |= {base.name(project.root / name) for page in pages for name in page.index.files}
    # What begins with a dot is nobody's: editors and this program write such files for a moment.
    return sorted(
        name
        for name in changed - own
        if (folder is not None and name.startswith(f"{folder}/") and not Path(name).name.startswith("."))
        or (project.resources.builders and name.endswith(".py"))
    )


def _all(page: Subject, why: str) -> list[Affected]:
    return [Affected(claim, (why,)) for claim in claims(page.index)]


def _affected(was: Subject, now: Subject, between: _Between) -> Iterator[Affected]:
    """The claims of a page that its change, or that of another, can affect."""
    had_file = {model.model for model in was.models if _had_file(model, between.base)}
    new = {name: _new_model(was.index, now.index, name) for name in now.index.models if name not in was.index.models}
    for claim, counterpart in _paired(claims(was.index), claims(now.index)):
        if claim.model in new:
            yield Affected(claim, (new[claim.model],))
        elif counterpart is None:
            yield Affected(claim, ("it was not declared",))
        else:
            why = [*_edited(counterpart, claim), *_found_otherwise(counterpart, claim, between.found)]
            sides = was.sibling(claim.model), now.sibling(claim.model)
            has = claim.model in had_file
            why += _read_otherwise((counterpart, claim), *sides, had_file=has, changed=between.changed)
            if why:
                yield Affected(claim, tuple(why))


def _paired(before: Sequence[Claim], after: Sequence[Claim]) -> list[tuple[Claim, Claim | None]]:
    """Each claim with what it was: of the same model and kind, the one of the same value, else the next."""
    same: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in reversed(before):
        same[claim.model, claim.kind, _meaning(claim)].append(claim)
    pairs: dict[Claim, Claim | None] = {}
    for claim in after:
        candidates = same[claim.model, claim.kind, _meaning(claim)]
        pairs[claim] = candidates.pop() if candidates else None
    left: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in set(before).difference(pairs.values()):
        left[claim.model, claim.kind].append(claim)
    for claim, counterpart in pairs.items():
        candidates = left[claim.model, claim.kind]
        if counterpart is None and candidates:
            pairs[claim] = min(candidates, key=lambda one: one.where)
            candidates.remove(min(candidates, key=lambda one: one.where))
    return list(pairs.items())


def _meaning(claim: Claim) -> tuple[str, ...]:
    """What the declared value says, whatever the order of a list."""
    return tuple(sorted(claim.texts))


def _edited(before: Claim, after: Claim) -> Iterator[str]:
    if _meaning(before) != _meaning(after):
        yield _told(after.kind, before.declared, after.declared)


def _found_otherwise(before: Claim, after: Claim, found: tuple[_Found, _Found]) -> Iterator[str]:
    """The rules that find something else than they did."""
    was, now = (of.get((claim.page, claim.key), set()) for of, claim in zip(found, (before, after), strict=True))
    yield from sorted({rule for rule, _ in was ^ now})


def _had_file(model: Subject, base: Base) -> bool:
    """Whether the weights file that a model named is here, or was beside its page at the commit."""
    beside = model.weights_beside
    return model.local_weights.path is not None or (beside is not None and base.file(beside) is not None)


def _read_otherwise(
    pair: tuple[Claim, Claim], was: Subject, now: Subject, *, had_file: bool, changed: set[str]
) -> Iterator[str]:
    """What else of the page the verdict depends on, where that is other than it was."""
    before, after = pair
    check = CHECKS.get(after.kind)
    if check is None:
        return
    has_file = now.model is not None and now.local_weights.path is not None
    measured = [
        *measured_from(check.NEEDS, was, file=had_file),
        *measured_from(check.NEEDS, now, file=has_file),
    ]
    for name in dict.fromkeys((*check.READS, *measured)):
        values = READINGS[name](before, was), READINGS[name](after, now)
        if values[0] != values[1] and name != after.kind:
            yield _told(name, *values)
    file = now.weights_beside if now.model and Need.WEIGHTS in check.NEEDS else None
    if file and os.path.realpath(file) in changed:
        yield f"the file {file.name} is {'another' if file.is_file() else 'not there any more'}"


def _told(name: str, before: Any, after: Any) -> str:
    if isinstance(before, str | None) and isinstance(after, str | None):
        return f"{name} was {_shown(before)}, is {_shown(after)}"
    return f"{name}: not the same"


def _shown(value: str | None) -> str:
    if value is None:
        return "not declared"
    # Quoted where its ends would not be seen.
    value = repr(value) if value != value.strip() else value
    return value if len(value) <= _LONGEST_SHOWN else f"…{value[1 - _LONGEST_SHOWN :]}"


def _new_model(before: Index, after: Index, model: str) -> str:
    """That a model is new; or which one it was, where one that is gone declared all the same."""
    own = _values(after, model)
    former = [name for name in before.models if name not in after.models and _values(before, name) == own]
    return f"the model was called {former[0]}" if former else "the model is new on the page"


def _values(index: Index, model: str) -> list[dict[str, str]]:
    record = index.models[model]
    of_model = {kind: value.raw for kind, value in record.values.items() if kind not in {"name", "id"}}
    return [of_model, *({kind: value.raw for kind, value in one.values.items()} for one in record.results)]
