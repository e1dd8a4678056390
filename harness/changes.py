"""What a change of the pages can affect: two states of a page compared by meaning, claim by claim."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.checks import CHECKS
from harness.checks.reads import READINGS, measured_from
from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.claims import claims
from harness.index.faults import PageError
from harness.index.page import page_from_bytes, read_page
from harness.index.records import Index, read_index
from harness.index.weights_url import is_relative
from harness.project import Project
from harness.references import SHIPPED, load_references
from harness.repository import RepositoryError, below_top, blob, changed_files, commit_of, top_folder
from harness.resources import Resources

_LONGEST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Affected:
    """A claim whose verdict a change can alter, and what of the change does."""

    claim: Claim
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """The affected claims in the order of the pages; `beside` are changed files of modelindex/ that are no page."""

    affected: tuple[Affected, ...]
    beside: tuple[str, ...]


def changes_since(project: Project, resources: Resources, reference: str) -> Changes:
    """Compare the project's pages with what they were at a commit, read from git's objects.

    Raises RepositoryError where that cannot be read, or a page is gone; PageError where a page cannot be read now.
    """
    base = _Base(project.root, below_top(project.root), commit_of(top_folder(project.root), reference), reference)
    if project.whole:
        _refuse_lost_pages(project, base)
    changed = {name.removeprefix(base.below) for name in changed_files(top_folder(project.root), base.commit, ".")}
    references = load_references([SHIPPED, project.references])
    affected: list[Affected] = []
    for name, path in project.pages:
        after = Subject(_read_now(project, base, name, path), references, resources)
        try:
            before = base.index(name, project.includes)
        except PageError:
            affected += _all(after, f"the page could not be read at {reference}")
            continue
        if before is None:
            affected += _all(after, f"the page is new since {reference}")
        else:
            affected += _affected(replace(after, index=before), after, changed)
    pages = {name for name, _ in project.pages}
    beside = sorted(name for name in changed - pages if name.startswith("modelindex/"))
    return Changes(tuple(affected), tuple(beside))


@dataclass(frozen=True, slots=True)
class _Base:
    """The project at a commit: its root, where that lies below the repository's, and the commit."""

    root: Path
    below: str
    commit: str
    reference: str

    def file(self, name: str) -> bytes | None:
        return blob(self.root, self.commit, f"{self.below}{name}")

    def index(self, name: str, includes: Path) -> Index | None:
        """The page's index at the commit; None where there was no such page. Raises PageError."""
        data = self.file(name)
        if data is None:
            return None
        return read_index(page_from_bytes(data, f"{self.reference}:{name}"), includes)

    def pages(self) -> list[str]:
        """The names of the pages that the project's verify.toml named at the commit; none where it cannot be read."""
        try:
            settings = tomllib.loads((self.file("modelindex/verify.toml") or b"").decode("utf-8-sig"))
        except ValueError:
            return []
        names = settings.get("pages", [])
        return [f"modelindex/{name}" for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _all(page: Subject, why: str) -> list[Affected]:
    return [Affected(claim, (why,)) for claim in claims(page.index)]


def _refuse_lost_pages(project: Project, base: _Base) -> None:
    """Raises RepositoryError where a page that was verified at the commit is not verified any more."""
    known = {name for name, _ in project.pages}
    lost = [name for name in base.pages() if name not in known and base.file(name) is not None]
    if lost:
        new = sorted(name for name in known if base.file(name) is None)
        renamed = f" (renamed to {', '.join(new)}?)" if new else ""
        raise RepositoryError(
            f"expected the pages of {base.reference}, got none for {', '.join(lost)}{renamed}: deleted or renamed "
            "pages cannot be compared; name the pages to compare on the command line, or run `verify all`"
        )


def _read_now(project: Project, base: _Base, name: str, path: Path) -> Index:
    """The page's index as it is now. Raises PageError, with the faults at the commit too where it had some."""
    try:
        return read_index(read_page(path, name), project.includes)
    except PageError as error:
        try:
            base.index(name, project.includes)
        except PageError as before:
            raise PageError([*error.faults, *before.faults]) from None
        raise


def _affected(was: Subject, now: Subject, changed: set[str]) -> Iterator[Affected]:
    """The claims of a page that its change can affect. `changed` are the names of all changed files."""
    for claim, counterpart in _paired(claims(was.index), claims(now.index)):
        if claim.model is not None and claim.model not in was.index.models:
            yield Affected(claim, (_new_model(was.index, now.index, claim.model),))
        elif counterpart is None:
            yield Affected(claim, ("it was not declared",))
        else:
            why = [*_edited(counterpart, claim)]
            why += _read_otherwise(counterpart, claim, was.sibling(claim.model), now.sibling(claim.model), changed)
            if why:
                yield Affected(claim, tuple(why))


def _paired(before: Sequence[Claim], after: Sequence[Claim]) -> list[tuple[Claim, Claim | None]]:
    """Each claim with what it was: of the same model and kind, the one of the same value, else the next."""
    left: dict[tuple[str | None, str], list[Claim]] = {}
    for claim in before:
        left.setdefault((claim.model, claim.kind), []).append(claim)
    pairs: dict[Claim, Claim | None] = dict.fromkeys(after)
    for same in (True, False):
        for claim in after:
            candidates = left.get((claim.model, claim.kind), [])
            fitting = [one for one in candidates if not same or _meaning(one) == _meaning(claim)]
            if pairs[claim] is None and fitting:
                pairs[claim] = fitting[0]
                candidates.remove(fitting[0])
    return list(pairs.items())


def _meaning(claim: Claim) -> object:
    """What the declared value says, whatever the order of a list."""
    return sorted(claim.items) if claim.items else claim.declared.strip()


def _edited(before: Claim, after: Claim) -> Iterator[str]:
    if _meaning(before) != _meaning(after):
        yield _told(after.kind, before.declared, after.declared)


def _read_otherwise(before: Claim, after: Claim, was: Subject, now: Subject, changed: set[str]) -> Iterator[str]:
    """What else of the page the verdict depends on, where that is other than it was."""
    check = CHECKS.get(after.kind)
    if check is None:
        return
    for name in dict.fromkeys((*check.READS, *measured_from(check.NEEDS, now))):
        values = READINGS[name](before, was), READINGS[name](after, now)
        if values[0] != values[1] and name != after.kind:
            yield _told(name, *values)
    address = now.record.text("weights") if now.model and Need.WEIGHTS in check.NEEDS else None
    if address and is_relative(address) and f"{Path(now.index.page.name).parent.as_posix()}/{address}" in changed:
        yield f"the file {address} is another"


def _told(name: str, before: Any, after: Any) -> str:
    if isinstance(before, str | None) and isinstance(after, str | None):
        return f"{name} was {_shown(before)}, is {_shown(after)}"
    return f"{name}: not the same"


def _shown(value: str | None) -> str:
    if value is None:
        return "not declared"
    return value if len(value) <= _LONGEST_SHOWN else f"…{value[1 - _LONGEST_SHOWN :]}"


def _new_model(before: Index, after: Index, model: str) -> str:
    """That a model is new; or which one it was, where one that is gone said all the same."""
    own = _values(after, model)
    former = [name for name in before.models if name not in after.models and _values(before, name) == own]
    return f"the model was called {former[0]}" if former else "the model is new on the page"


def _values(index: Index, model: str) -> dict[str, str]:
    return {kind: value.raw for kind, value in index.models[model].values.items() if kind not in {"name", "id"}}
