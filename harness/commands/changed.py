"""Which claims a change since a commit can affect.

- Every claim, if a file in modelindex/ changed that is not a page (references, records, settings), or a file of a
  dataset of the project, or a Python module of a project with custom builders. Links count with what they lead to;
  hidden files do not count, since no run reads them.
- Every cheap claim of a model whose entry changed: its values and results, what it inherits, its collections, or its
  weights file. The claims that need images only if an input of the evaluation is among them.
- Claims about several models or about the page, if what they depend on elsewhere on the page changed.
- Claims for which a rule across pages reports something different.

Left out are unchanged FLOPs that no convention explains: whether these fail can depend on the FLOPs of the other models
of the page, but only networks show which FLOPs are explained.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import all_suffixes
from pathlib import Path, PurePosixPath

from harness.checks.code import pinned_commits
from harness.checks.shared.weights import addresses_by_file_name, weights_address
from harness.commands.base_commit import BaseCommit
from harness.commands.base_settings import require_base_pages
from harness.index.claim import Claim, ClaimKey
from harness.index.claims import claims
from harness.index.entries import Entry, Index
from harness.index.files import is_hidden
from harness.project.files import links_below, steps_to
from harness.project.project import Project
from harness.project.references import References
from harness.project.resources import label_files
from harness.report.values import count_of
from harness.rules.table import findings
from harness.system.git import changed_files, commit_of, top_folder
from harness.verify.judging import wants_images
from harness.verify.reading import read_indexes

_MAX_SHOWN = 50  # characters of a value
_MAX_NAMED = 3  # files
_MODULE_SUFFIXES = tuple(all_suffixes())

# The values that an evaluation of images, and whether it reproduces the declared accuracies, depends on.
_EVALUATION_INPUTS = frozenset(
    ("model", "library", "weights", "weights file", "image_size", "crop_pct", "interpolation", "dataset")
) | {"top_1_accuracy", "top_5_accuracy"}


@dataclass(frozen=True, slots=True)
class AffectedClaim:
    """A claim whose verdict a change can affect, and the changes that do."""

    claim: Claim
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """All claims of the pages, and the affected ones, in the order of the pages.

    `before` are the pages at the commit, by name, that could be read.
    """

    claims: tuple[Claim, ...]
    affected: tuple[AffectedClaim, ...]
    before: Mapping[str, Index]


@dataclass(frozen=True, slots=True)
class _State:
    """The pages of the project, at the commit or now, and the rules and reasons of the findings on each claim."""

    pages: tuple[Index, ...]
    findings: Mapping[tuple[str, ClaimKey], set[tuple[str, str]]]


def changes_since(project: Project, reference: str) -> Changes:
    """Compare the project with what it was at a commit.

    Raises RepositoryError if the commit cannot be read or a page was deleted.
    """
    top = top_folder(project.root)
    base = BaseCommit(top, commit_of(top, reference), reference)
    changed = changed_files(top, base.commit)
    before = {name: base.read_index(name, path, project) for name, path in project.pages}
    pages = {index.page.name: index for index in read_indexes(project)}
    if project.covers_all_pages:
        require_base_pages(project, base, {name for page in pages.values() for name in page.files})
    readable = [index for index in before.values() if index is not None and not index.is_unreadable]
    states = _state(readable, project.references), _state(pages.values(), project.references)
    shared = _shared_files(project, base, changed, pages.values())
    unnamed = len(shared) - _MAX_NAMED
    more = f" and {count_of(unnamed, 'more file')}" if unnamed > 0 else ""
    affected: list[AffectedClaim] = []
    for name, page in pages.items():
        was = before[name]
        if was is not None and not was.is_unreadable and not shared:
            affected += _affected_claims(was, page, _changed_weights(page, project, base, changed, states), states)
            continue
        if was is None:
            why = f"the page is new since {reference}"
        elif was.is_unreadable:
            why = f"the page could not be read at {reference}"
        else:
            why = f"{', '.join(shared[:_MAX_NAMED])}{more} changed"
        affected += [AffectedClaim(claim, (why,)) for claim in claims(page)]
    return Changes(
        tuple(claim for page in pages.values() for claim in claims(page)),
        tuple(affected),
        {name: index for name, index in before.items() if isinstance(index, Index)},
    )


def _shared_files(project: Project, base: BaseCommit, changed: set[str], pages: Iterable[Index]) -> list[str]:
    """The changed files that any verdict can depend on.

    Pages, what they import and the weights files that they name are compared model by model instead.
    """
    images = project.resources.images.values()
    paths = [project.root / "modelindex", *images, *(path for folder in images for path in label_files(folder))]
    compared = [path for _, path in project.pages]
    for page in pages:
        compared += [project.root / name for name in page.files]
        addresses = (weights_address(model, project.root) for model in page.models.values())
        compared += [address.beside for address in addresses if address and address.beside]

    reached = {step for path in paths for step in _reached(path, base.top)}
    reached |= {step for path in compared for step in steps_to(path)[:-1]}
    shared = {os.path.relpath(path, base.top) for path in reached if path.is_relative_to(base.top)}
    # A changed submodule is one name above the files in it.
    above = {str(folder) for name in shared for folder in PurePosixPath(name).parents}

    def is_shared(name: str) -> bool:
        if project.resources.builders and name.endswith(_MODULE_SUFFIXES):
            return True
        if PurePosixPath(name).name == ".gitattributes":
            return True  # it decides what a checkout writes to other files, such as their line ends
        folders = {str(folder) for folder in PurePosixPath(name).parents}
        return name in shared or name in above or not (is_hidden(name) or shared.isdisjoint(folders))

    return sorted(filter(is_shared, changed - {base.name(path) for path in compared}))


def _reached(path: Path, top: Path) -> set[Path]:
    """A file or folder, every link in the checkout on the way to it and below it, and what these lead to."""
    reached: set[Path] = set()
    pending = [path]
    while pending:
        *links, end = steps_to(pending.pop())
        if end not in reached and end.is_relative_to(top):
            pending += links_below(end)
        reached |= {*links, end}
    return reached


def _changed_weights(
    page: Index, project: Project, base: BaseCommit, changed: set[str], states: Sequence[_State]
) -> dict[str, str]:
    """By model: the weights file that it names by a path changed, or other models name files of the same name."""
    by_state = [addresses_by_file_name(state.pages, project.root) for state in states]
    reasons = {}
    for name, model in page.models.items():
        address = weights_address(model, project.root)
        if address is None or not address.parts:
            continue
        file = address.parts[-1]
        before, now = (
            {other.identity for other in addresses.get(file, ())} - {address.identity} for addresses in by_state
        )
        if address.beside and base.name(address.beside) in changed:
            reasons[name] = f"the file {file} {'changed' if address.beside.is_file() else 'was deleted'}"
        elif before != now:
            reasons[name] = f"other models that name a file {file} changed"
    return reasons


def _state(pages: Iterable[Index], references: References) -> _State:
    indexes = tuple(pages)
    by_claim: dict[tuple[str, ClaimKey], set[tuple[str, str]]] = defaultdict(set)
    for finding in findings(indexes, references):
        by_claim[finding.page, finding.claim].add((finding.rule, finding.reason))
    return _State(indexes, by_claim)


def _affected_claims(
    before: Index, now: Index, weights: Mapping[str, str], states: tuple[_State, _State]
) -> Iterator[AffectedClaim]:
    """The claims of a page that its changes, or those of other pages, can affect."""
    entries = {name: _entry_changes(before, now, name) for name in now.models}
    for name, reason in weights.items():
        entries[name]["weights file"] = reason
    dependencies_before, dependencies_now = _page_dependencies(before), _page_dependencies(now)
    changed = {kind for kind, value in dependencies_now.items() if value != dependencies_before[kind]}
    for claim, counterpart in _paired(claims(before), claims(now)):
        entry = entries.get(claim.model or "", {})
        why = [] if wants_images(claim) and entry.keys().isdisjoint(_EVALUATION_INPUTS) else list(entry.values())
        if claim.hides_others:
            why.append("it cannot be read, so any claim may have changed")
        elif counterpart is None and not why:
            why.append("the claim is new, or was changed")
        if claim.kind in changed or (claim.model is None and None in changed):
            why.append("what the claim depends on elsewhere on the page changed")
        rules_before = states[0].findings.get((claim.page, counterpart.key), set()) if counterpart else set()
        rules_now = states[1].findings.get((claim.page, claim.key), set())
        why += sorted({f"the rule {rule} reports something different" for rule, _ in rules_before ^ rules_now})
        if why:
            yield AffectedClaim(claim, tuple(why))


def _page_dependencies(index: Index) -> dict[str | None, object]:
    """What claims depend on besides the entry of their own model, by kind; None for all claims of the page itself."""
    collections = {name: _texts(collection) for name, collection in index.collections.items()}
    members = {name: model.texts("in_collection") for name, model in index.models.items()}
    networks = {name: (model.text("library"), model.text("image_size")) for name, model in index.models.items()}
    return {
        None: (collections, members, networks, [(kind, value.raw) for kind, value in index.unread]),
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
        removed = [other for other in before.models if other not in now.models]
        former = [other for other in removed if _entry_values(before, other) | {"id": ()} == new | {"id": ()}]
        return {"model": f"the model was called {former[0]}" if former else "the model is new on the page"}
    old = _entry_values(before, name)
    kinds = [kind for kind in dict.fromkeys((*old, *new)) if old.get(kind) != new.get(kind)]
    return {kind: f"{kind} was {_format_value(old.get(kind))}, is {_format_value(new.get(kind))}" for kind in kinds}


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


def _format_value(texts: tuple[str, ...] | None) -> str:
    if texts is None:
        return "not declared"
    value = ", ".join(repr(text) if text != text.strip() else text for text in texts)
    return value if len(value) <= _MAX_SHOWN else f"…{value[1 - _MAX_SHOWN :]}"
