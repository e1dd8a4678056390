"""Propose corrections, verify them, and only then write them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import UserError
from harness.evaluate.run.progress import Progress
from harness.index.claim import Claim
from harness.index.claims import claims
from harness.index.edits.in_place import Edit, Editable, EditError, apply, editable, edits_of, override_edit
from harness.index.edits.style import in_style
from harness.index.faults import PageError
from harness.index.page import MOST_BYTES, page_from_text
from harness.index.prose import fix_encoding
from harness.project.project import Project
from harness.project.resources import Resources
from harness.system.files import read_file, write_atomically
from harness.verdict import Status, Verdict
from harness.verify.reading import parse_pages, read_indexes
from harness.verify.run import Verification, verify
from harness.verify.selection import Selection

_MAX_ROUNDS = 6  # a corrected value can show that another one is false, such as the FLOPs at a corrected image size
# Other claims are judged under these, so they are corrected first and alone: the others may be right.
_CONDITIONS = {"weights", "image_size", "crop_pct", "interpolation"}
_ACCURACIES = {"top_1_accuracy", "top_5_accuracy"}

# Identifies a claim although edits move it: by its path in the document, and damaged texts by what they say.
_Key = tuple[str, str | None, str, str, str]


class FixError(UserError):
    """A page that cannot be rewritten; the message says why."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A page, or a file that one imports, before and after; and the claims that are not fixed, each with the reason."""

    name: str
    path: Path
    before: str
    after: str
    unfixed: tuple[tuple[Verdict, str], ...]


def propose_fixes(
    project: Project, selection: Selection, resources: Resources, progress: Progress, statuses: frozenset[Status]
) -> tuple[Verification, list[Fix]]:
    """Verify the pages, and correct the selected claims with these statuses, page by page; nothing is written yet.

    A correction is a value that was measured here or that a record or reference states. It is proposed only if the
    claim passes with it, or is explained instead of false.
    """
    verification = verify(project, selection, resources, progress)
    indexes = [index for index in read_indexes(project) if index.page.blocks]
    texts = {index.page.name: index.page.text for index in indexes}
    for index in indexes:
        for name in index.files:
            data = project.files_of(index.page.name).read(name) or b""
            texts.setdefault(name, data.decode("utf-8-sig"))
    users = {name: [index.page.name for index in indexes if name in (index.page.name, *index.files)] for name in texts}
    attempt = _Attempt(project, verification, selection, resources, progress, statuses, texts, users)
    after = attempt.corrected()
    paths = {**{name: project.root / name for name in texts}, **dict(project.pages)}
    unfixed: defaultdict[str, list[tuple[Verdict, str]]] = defaultdict(list)
    for (page, *_), verdict_and_reason in attempt.unfixed.items():
        unfixed[page].append(verdict_and_reason)
    names = sorted(texts, key=list(paths).index)
    return verification, [Fix(name, paths[name], texts[name], after[name], tuple(unfixed[name])) for name in names]


def write_fixes(fixes: Sequence[Fix]) -> None:
    """Write the pages; byte order marks and permissions are preserved.

    Raises FixError, before anything is written, if a page changed since it was read or is read-only. Raises OSError if
    writing fails.
    """
    marks = [_byte_order_mark(fix) for fix in fixes]
    for fix, mark in zip(fixes, marks, strict=True):
        # The project refuses links that lead out of it when it reads them; others lead to the page itself.
        write_atomically(fix.path.resolve(), mark, fix.after.encode())


def _byte_order_mark(fix: Fix) -> bytes:
    """The byte order mark of the page, or nothing. Raises FixError if the page must not be overwritten."""
    data = read_file(fix.path, MOST_BYTES)
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    if data != mark + fix.before.encode():
        raise FixError(f"{fix.name}: expected the page as it was read, got a changed one; run the command again")
    if not fix.path.stat().st_mode & 0o200:
        raise FixError(f"{fix.name}: expected a writable page, got a read-only one; check its permissions")
    return mark


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Corrections are tried on the texts: they are verified as if they were the files of their names.

    `users` names, for each file, the pages whose claims it holds: itself, and those that import it. `unfixed` collects
    the claims that are not corrected, with the reason.
    """

    project: Project
    verification: Verification
    selection: Selection
    resources: Resources
    progress: Progress
    statuses: frozenset[Status]
    texts: Mapping[str, str]
    users: Mapping[str, Sequence[str]]
    unfixed: dict[_Key, tuple[Verdict, str]] = field(default_factory=dict)

    def corrected(self) -> Mapping[str, str]:
        """The texts with every correction that makes its claim pass."""
        texts, verdicts = self.texts, self.verification.verdicts
        for _ in range(_MAX_ROUNDS):
            wanted = self._correctable(verdicts)
            if not wanted:
                return texts
            edited, verdicts, rejected = self._try(texts, wanted, unrounded=[])
            still_failing = rejected
            if rejected:
                edited, verdicts, not_passing = self._try(texts, wanted, unrounded=rejected)
                explained = {_key(verdict.claim) for verdict in verdicts if verdict.status is Status.EXPLAINED}
                # A false value is corrected to an explained one if the other models of the page are explained so.
                still_failing = [
                    verdict
                    for verdict in not_passing
                    if verdict.status is not Status.FAIL or _key(verdict.claim) not in explained
                ]
            if still_failing:
                self._mark_unfixed(still_failing, "the claim does not pass with the measured value either")
                edited, verdicts, _ = self._try(texts, wanted, unrounded=rejected)
            elif edited == texts:
                return texts
            texts = edited
        self._mark_unfixed(self._correctable(verdicts), "each corrected value makes another one false")
        return texts

    def _correctable(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """The verdicts whose claims are corrected next."""
        false = [verdict for verdict in verdicts if verdict.status in self.statuses and verdict.claim.kind != "waiver"]
        uncorrected = (verdict for verdict in false if not verdict.correction)
        self._mark_unfixed(uncorrected, "the true value was not measured here")
        open_ = [verdict for verdict in false if _key(verdict.claim) not in self.unfixed]
        conditions = [verdict for verdict in open_ if verdict.claim.kind in _CONDITIONS]
        if conditions:
            return conditions
        self._mark_unfixed(
            _false_together(false), "FLOPs and accuracy are both false, as a wrong image size makes them"
        )
        return [verdict for verdict in open_ if _key(verdict.claim) not in self.unfixed]

    def _try(
        self, texts: Mapping[str, str], wanted: Sequence[Verdict], unrounded: Sequence[Verdict]
    ) -> tuple[Mapping[str, str], tuple[Verdict, ...], list[Verdict]]:
        """Write the corrections into the texts, those of `unrounded` with all digits, and verify the result.

        Returns the texts, the verdicts on them, and the corrections with which their claims do not pass.
        """
        exact = {_key(verdict.claim) for verdict in unrounded}
        written: set[_Key] = set()
        edited = dict(texts)
        for name in texts:
            of_file = [verdict for verdict in wanted if verdict.claim.where.file == name]
            if of_file:
                edited[name], keys = self._write(name, edited, of_file, exact)
                written |= keys
        verdicts = self._verify(edited)
        status = {_key(verdict.claim): verdict.status for verdict in verdicts}
        # A corrected text is no longer a claim.
        tried = [verdict for verdict in wanted if _key(verdict.claim) in written]
        rejected = [verdict for verdict in tried if status.get(_key(verdict.claim), Status.PASS) is not Status.PASS]
        return edited, verdicts, rejected

    def _verify(self, texts: Mapping[str, str]) -> tuple[Verdict, ...]:
        """The verdicts on the texts. Only pages that an edit changed are judged again."""
        changed = {page for name in texts if texts[name] != self.texts[name] for page in self.users[name]}
        if not changed:
            return self.verification.verdicts
        known = {page: verdicts for page, verdicts in self.verification.pages.items() if page not in changed}
        edited = replace(self.project, edited=texts)
        return verify(edited, self.selection, self.resources, self.progress, known=known).verdicts

    def _mark_unfixed(self, verdicts: Iterable[Verdict], reason: str) -> None:
        for verdict in verdicts:
            self.unfixed.setdefault(_key(verdict.claim), (verdict, reason))

    def _write(
        self, name: str, texts: Mapping[str, str], wanted: Sequence[Verdict], exact: Set[_Key]
    ) -> tuple[str, Set[_Key]]:
        """The file with the corrections that can be written together, and the claims that these correct.

        The next round tries the others. A value that other models inherit, too, is overridden in the model itself.
        """
        page = editable(page_from_text(texts[name], name))
        edits: dict[_Key, tuple[Edit, ...]] = {}
        for verdict in wanted:
            key = _key(verdict.claim)
            if key not in self.unfixed:
                try:
                    edits[key] = edits_of(page, verdict.claim, _styled(verdict, exact=key in exact))
                except EditError as error:
                    self._mark_unfixed([verdict], str(error))
        after = self._apply(name, texts, edits)
        if after is not None:
            return after, edits.keys()
        after = texts[name]
        together: dict[_Key, tuple[Edit, ...]] = {}
        for verdict in wanted:
            key = _key(verdict.claim)
            candidates = [edits[key], *_override(page, verdict, exact=key in exact)] if key in edits else []
            for candidate in candidates:
                text = self._apply(name, texts, {**together, key: candidate})
                if text is not None:
                    after, together[key] = text, candidate
                    break
            if candidates and not together:
                self._mark_unfixed([verdict], "it cannot be written without changing another value")
        return after, together.keys()

    def _apply(self, name: str, texts: Mapping[str, str], edits: Mapping[_Key, tuple[Edit, ...]]) -> str | None:
        """The file after the edits; None if they cannot be made, or change more than their own claims."""
        try:
            after = apply(texts[name], [edit for of_claim in edits.values() for edit in of_claim])
            was, now = (self._declared(name, version) for version in (texts, {**texts, name: after}))
        except (EditError, PageError):
            return None
        others = (was.keys() | now.keys()) - edits.keys()
        return after if all(was.get(key) == now.get(key) for key in others) else None

    def _declared(self, name: str, texts: Mapping[str, str]) -> dict[_Key, list[str]]:
        """The declared values of the pages whose claims the file holds."""
        project = replace(self.project, edited=texts)
        pages = [page_from_text(texts[page], page) for page in self.users[name]]
        declared = [claim for index in parse_pages(pages, project) for claim in claims(index) if claim.kind != "text"]
        return {_key(claim): [fix_encoding(item) for item in claim.texts] for claim in declared}


def _false_together(false: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts on FLOPs and accuracies of models that fail both: each may be right at another image size."""
    at_size = [
        verdict for verdict in false if verdict.status is Status.FAIL and verdict.claim.kind in {"flops", *_ACCURACIES}
    ]
    kinds: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for verdict in at_size:
        kinds[verdict.claim.page, verdict.claim.model].add(verdict.claim.kind)
    both = {model for model, of_model in kinds.items() if "flops" in of_model and of_model & _ACCURACIES}
    return [verdict for verdict in at_size if (verdict.claim.page, verdict.claim.model) in both]


def _key(claim: Claim) -> _Key:
    # A value that a model inherits and one of its own, which overrides it, are the same claim.
    path = claim.where.path.rpartition("Metadata.")[2] if claim.model else claim.where.path
    place = claim.declared if claim.kind == "text" else path
    return claim.page, claim.model, claim.kind, claim.where.file, place


def _override(page: Editable, verdict: Verdict, *, exact: bool) -> list[tuple[Edit, ...]]:
    """The edit that gives the model its own value, if it inherits the false one."""
    values = _styled(verdict, exact=exact)
    try:
        return [(override_edit(page, verdict.claim, values if len(values) > 1 else values[0]),)]
    except EditError:
        return []


def _styled(verdict: Verdict, *, exact: bool) -> tuple[str, ...]:
    """The correction; a single value in the style of the page."""
    values = verdict.correction
    return (in_style(verdict.claim.declared, values[0], exact=exact),) if len(values) == 1 else tuple(values)
