"""Which claims a change since a commit can affect.

- Every claim, if a file in modelindex/ changed that is not a page (references, records, settings), or a file of a
  dataset of the project, or a Python file of a project with builders of its own.
- Every cheap claim of a model whose entry changed: its values and results, what it inherits, its collections, or its
  weights file. The claims that need images only if an input of the evaluation is among that.
- Claims about several models or about the page, if what they can see of the page changed.
- Claims for which a rule across pages finds something else than before.
"""

import os
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.checks.code import pinned_commits
from harness.checks.shared.weights import addresses_by_file_name, weights_address
from harness.commands.base_commit import BaseCommit
from harness.evaluate.data.ground_truth import ground_truth_files
from harness.index.claim import Claim, ClaimKey
from harness.index.claims import claims
from harness.index.entries import Entry, Index
from harness.index.faults import PageError
from harness.index.files import is_pattern, matching
from harness.index.reading.index import read_index
from harness.project.files import CommitFiles
from harness.project.project import Project
from harness.project.references import References
from harness.project.settings import SETTINGS_FILE
from harness.project.trust import is_trusted
from harness.rules import findings
from harness.system.git import RepositoryError, changed_files, commit_of, top_folder
from harness.verify.judging import wants_images

_MAX_SHOWN = 50  # characters of a value
_MAX_NAMED = 3  # files

# The values that an evaluation of images, and whether it reproduces the declared accuracies, depends on.
_EVALUATION_INPUTS = {
    "model",
    "library",
    "weights",
    "weights file",
    "image_size",
    "crop_pct",
    "interpolation",
    "dataset",
    "top_1_accuracy",
    "top_5_accuracy",
}

# What rules find, by page and claim: the rule and its reason.
_Findings = Mapping[tuple[str, ClaimKey], set[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class AffectedClaim:
    """A claim whose verdict a change can affect, and the changes that do."""

    claim: Claim
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """All claims of the pages, and the affected ones, in the order of the pages."""

    claims: tuple[Claim, ...]
    affected: tuple[AffectedClaim, ...]


def changes_since(project: Project, reference: str) -> Changes:
    """Compare the project with what it was at a commit.

    Raises RepositoryError if the commit cannot be read or a page is gone; PageError if a page cannot be read.
    """
    top = top_folder(project.root)
    base = BaseCommit(top, commit_of(top, reference), reference)
    changed = changed_files(top, base.commit)
    pages = {name: _read_now(project, base, name, path) for name, path in project.pages}
    if project.whole:
        _refuse_lost_pages(project, base, {name for page in pages.values() for name in page.files})
    before: dict[str, Index | PageError | None] = {}
    for name, path in project.pages:
        try:
            before[name] = base.read_index(name, path, project)
        except PageError as error:
            before[name] = error
    readable = [index for index in before.values() if isinstance(index, Index)]
    found = _findings(readable, project.references), _findings(pages.values(), project.references)
    shared = _shared_files(project, base, changed, pages.values())
    affected: list[AffectedClaim] = []
    for name, page in pages.items():
        was = before[name]
        if isinstance(was, PageError):
            affected += _all_claims(page, f"the page could not be read at {reference}")
        elif was is None:
            affected += _all_claims(page, f"the page is new since {reference}")
        elif shared:
            more = f" and {len(shared) - _MAX_NAMED} more files" if len(shared) > _MAX_NAMED else ""
            affected += _all_claims(page, f"{', '.join(shared[:_MAX_NAMED])}{more} changed")
        else:
            weights = _changed_weights(page, project, base, changed, (tuple(readable), tuple(pages.values())))
            affected += _affected_claims(was, page, weights, found)
    return Changes(tuple(claim for page in pages.values() for claim in claims(page)), tuple(affected))


def with_builders_of(project: Project, reference: str) -> Project:
    """The project with the builders of a commit, if it has any: those that a change adds or replaces are not run.

    Raises RepositoryError if the commit cannot be read.
    """
    if not project.resources.builders:
        return project
    top = top_folder(project.root)
    table = _settings_at(project, BaseCommit(top, commit_of(top, reference), reference)).get("builders")
    lines = table.items() if isinstance(table, dict) else ()
    builders = tuple((pattern, function) for pattern, function in lines if isinstance(function, str))
    if builders == project.resources.builders:
        return project
    trusted = is_trusted(project.root, builders)
    return replace(project, resources=replace(project.resources, builders=builders, run_builders=trusted))


def _settings_at(project: Project, base: BaseCommit) -> Mapping[str, Any]:
    """The content of the commit's verify.toml; empty if there is none, or if it is invalid."""
    try:
        return tomllib.loads((base.read(project.root / SETTINGS_FILE) or b"").decode("utf-8-sig"))
    except ValueError:
        return {}


def _read_now(project: Project, base: BaseCommit, name: str, path: Path) -> Index:
    """The page's index as it is now. Raises PageError, with the faults at the commit too if it had some."""
    try:
        return read_index(project.page(name, path), project.includes, project.files_of(name))
    except PageError as error:
        try:
            base.read_index(name, path, project)
        except PageError as before:
            raise PageError([*error.faults, *before.faults]) from None
        raise


def _refuse_lost_pages(project: Project, base: BaseCommit, imported: Iterable[str]) -> None:
    """Raises RepositoryError if a page of the commit's verify.toml is neither a page now nor imported by one."""
    folder = project.root / "modelindex"
    pages = _settings_at(project, base).get("pages")
    names = [name for name in pages if isinstance(name, str)] if isinstance(pages, list) else []
    known = {base.name(path) for _, path in project.pages} | {base.name(project.root / name) for name in imported}
    files = CommitFiles(base.top, base.commit, base.name(folder) or "")
    paths = [folder / path for name in names for path in (matching(files, name) if is_pattern(name) else [name])]
    lost = [path for path in paths if base.name(path) not in known and base.read(path) is not None]
    if lost:
        new = [name for name, path in project.pages if base.read(path) is None]
        renamed = f" (renamed to {', '.join(new)}?)" if new else ""
        raise RepositoryError(
            f"expected the pages of {base.reference}, got none for "
            f"{', '.join(base.name(path) or path.name for path in lost)}{renamed}: deleted or renamed pages cannot be "
            "compared; name the pages to compare on the command line, or run `verify all`"
        )


def _shared_files(project: Project, base: BaseCommit, changed: set[str], pages: Iterable[Index]) -> list[str]:
    """The changed files that any verdict can depend on.

    Pages, what they import and the weights files that they name are compared model by model instead.
    """
    images = project.resources.images.values()
    paths = [
        project.root / "modelindex",
        *(path for folder in images for path in (folder, *ground_truth_files(folder))),
    ]
    # A link to a folder and the folder itself are different names to git.
    folders = {name for path in paths if (name := base.name(path)) is not None}
    folders |= {os.path.relpath(path, base.top) for path in paths}
    own = {base.name(path) for _, path in project.pages}
    for page in pages:
        own |= {base.name(project.root / name) for name in page.files}
        own |= {base.name(path) for model in page.models.values() if (path := _weights_path(model, project))}
    return sorted(
        name
        for name in changed - own
        # Editors, and this program, write hidden files for a moment.
        if (not Path(name).name.startswith(".") and _is_below(name, folders))
        or (project.resources.builders and name.endswith(".py"))
    )


def _is_below(name: str, folders: Iterable[str]) -> bool:
    return any(folder in {"", "."} or f"{name}/".startswith(f"{folder}/") for folder in folders)


def _weights_path(model: Entry, project: Project) -> Path | None:
    """The weights file that a model names by a path; None if it names none or a URL."""
    address = weights_address(model, project.root)
    return address.beside if address else None


def _changed_weights(
    page: Index, project: Project, base: BaseCommit, changed: set[str], all_pages: Sequence[tuple[Index, ...]]
) -> dict[str, str]:
    """By model: the weights file that it names by a path changed, or other models name files of the same name."""
    before, now = (addresses_by_file_name(pages, project.root) for pages in all_pages)
    reasons = {}
    for name, model in page.models.items():
        address = weights_address(model, project.root)
        if address is None or not address.parts:
            continue
        file = address.parts[-1]
        others_before, others_now = (
            {other.identity for other in addresses.get(file, ())} - {address.identity} for addresses in (before, now)
        )
        if address.beside and base.name(address.beside) in changed:
            reasons[name] = f"the file {file} {'changed' if address.beside.is_file() else 'is gone'}"
        elif others_before != others_now:
            reasons[name] = f"other models that name a file {file} changed"
    return reasons


def _findings(indexes: Iterable[Index], references: References) -> _Findings:
    by_claim: dict[tuple[str, ClaimKey], set[tuple[str, str]]] = defaultdict(set)
    for finding in findings(list(indexes), references):
        by_claim[finding.page, finding.claim].add((finding.rule, finding.reason))
    return by_claim


def _all_claims(page: Index, why: str) -> list[AffectedClaim]:
    return [AffectedClaim(claim, (why,)) for claim in claims(page)]


def _affected_claims(
    before: Index, now: Index, weights: Mapping[str, str], found: tuple[_Findings, _Findings]
) -> Iterator[AffectedClaim]:
    """The claims of a page that its changes, or those of other pages, can affect."""
    entries = {name: _entry_changes(before, now, name) for name in now.models}
    for name, reason in weights.items():
        entries[name]["weights file"] = reason
    seen_before, seen_now = _seen_of_page(before), _seen_of_page(now)
    seen = {kind for kind in seen_now if seen_now[kind] != seen_before[kind]}
    for claim, counterpart in _paired(claims(before), claims(now)):
        entry = entries.get(claim.model or "", {})
        why = [] if wants_images(claim) and entry.keys().isdisjoint(_EVALUATION_INPUTS) else list(entry.values())
        if counterpart is None and not why:
            why.append("the claim is new, or was changed")
        if (claim.kind if claim.model else _PAGE) in seen or claim.kind in seen:
            why.append("what the claim depends on elsewhere on the page changed")
        rules_before = found[0].get((claim.page, counterpart.key), set()) if counterpart else set()
        rules_now = found[1].get((claim.page, claim.key), set())
        why += sorted({f"the rule {rule} finds something else" for rule, _ in rules_before ^ rules_now})
        if why:
            yield AffectedClaim(claim, tuple(why))


_PAGE = "claims of the page"


def _seen_of_page(index: Index) -> dict[str, object]:
    """What claims depend on besides the entry of their own model, by kind of claim."""
    collections = {name: _texts(collection) for name, collection in index.collections.items()}
    members = {name: model.texts("in_collection") for name, model in index.models.items()}
    networks = {name: (model.text("library"), model.text("image_size")) for name, model in index.models.items()}
    return {
        _PAGE: (collections, members, networks),
        "in_collection": (list(collections), members),
        "code": pinned_commits(index),
        "readme": [(readme.file, readme.folder) for readme in index.readmes],
    }


def _paired(before: Sequence[Claim], now: Sequence[Claim]) -> Iterator[tuple[Claim, Claim | None]]:
    """Each claim with the one of the same model and kind that declared the same, wherever it was on the page."""
    same: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in reversed(before):
        same[claim.model, claim.kind, _meaning(claim.texts)].append(claim)
    for claim in now:
        counterparts = same[claim.model, claim.kind, _meaning(claim.texts)]
        yield claim, counterparts.pop() if counterparts else None


def _entry_changes(before: Index, now: Index, name: str) -> dict[str, str]:
    """What changed in a model's entry, by the kind of the value."""
    new = _entry_values(now, name)
    if name not in before.models:
        gone = [other for other in before.models if other not in now.models]
        former = [other for other in gone if _entry_values(before, other) | {"id": ()} == new | {"id": ()}]
        return {"model": f"the model was called {former[0]}" if former else "the model is new on the page"}
    old = _entry_values(before, name)
    kinds = [kind for kind in dict.fromkeys((*old, *new)) if old.get(kind) != new.get(kind)]
    return {kind: f"{kind} was {_shown(old.get(kind))}, is {_shown(new.get(kind))}" for kind in kinds}


def _entry_values(index: Index, name: str) -> dict[str, tuple[str, ...]]:
    """What a model, its results and its collections declare, by the kind of the value."""
    model = index.models[name]
    values = {kind: texts for kind, texts in _texts(model).items() if kind != "name"}
    for kind, texts in (item for result in model.results for item in _texts(result).items()):
        values[kind] = (*values.get(kind, ()), *texts)
    for collection in filter(index.collections.get, model.texts("in_collection")):
        values |= {f"{kind} of {collection}": texts for kind, texts in _texts(index.collections[collection]).items()}
    address = weights_address(model, None)
    if address:
        values["weights file"] = (address.identity,)
    return values


def _texts(entry: Entry) -> dict[str, tuple[str, ...]]:
    return {kind: _meaning(entry.texts(kind)) for kind in entry.values}


def _meaning(texts: Iterable[str]) -> tuple[str, ...]:
    """What a declared value means: the order of a list means nothing."""
    return tuple(sorted(texts))


def _shown(texts: tuple[str, ...] | None) -> str:
    if texts is None:
        return "not declared"
    value = ", ".join(repr(text) if text != text.strip() else text for text in texts)
    return value if len(value) <= _MAX_SHOWN else f"…{value[1 - _MAX_SHOWN :]}"
