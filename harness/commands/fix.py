"""False values of pages to measured ones: edits tried on the pages' texts, verified so, and only then written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import UserError
from harness.evaluate.run.progress import Progress
from harness.index.claim import Claim
from harness.index.claims import claims
from harness.index.edits.in_place import Edit, Editable, EditError, apply, editable, edits_of, override_edit
from harness.index.edits.style import in_style
from harness.index.faults import PageError
from harness.index.page import page_from_text
from harness.index.prose import fix_encoding
from harness.index.reading.index import read_index
from harness.project.project import Project
from harness.project.resources import Resources
from harness.system.files import write_atomically
from harness.verdict import Status, Verdict
from harness.verify.run import Selection, read_indexes, verify

# A value mended can show another to be false, such as the FLOPs at a corrected image size.
_MOST_ROUNDS = 6
# What other claims are judged under is mended first, and alone: those may be right.
_CONDITIONS = {"weights", "image_size", "crop_pct", "interpolation"}

_ACCURACIES = {"top_1_accuracy", "top_5_accuracy"}

# Which claim, wherever it stands: lists that grow move what is below them. Texts are known by what they say.
_Key = tuple[str, str | None, str, str, str]


class FixError(UserError):
    """A page that cannot be rewritten; the message says why."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A page, or what one imports, before and after; and the verdicts on what stays false, each with why."""

    name: str
    path: Path
    before: str
    after: str
    left: tuple[tuple[Verdict, str], ...]


def propose_fixes(
    project: Project, selection: Selection, resources: Resources, progress: Progress, statuses: frozenset[Status]
) -> list[Fix]:
    """What to write into the selected claims of these statuses, page by page; nothing is written yet.

    Only what was measured here, or is on file, is proposed, and only where the claim passes with it.
    """
    indexes = read_indexes(project)
    files = {name: project.files_of(index.page.name) for index in indexes for name in index.files}
    texts = {index.page.name: index.page.text for index in indexes}
    for name in files.keys() - texts.keys():
        texts[name] = (files[name].read(name) or b"").decode("utf-8-sig")
    drawing = {name: [one.page.name for one in indexes if name in (one.page.name, *one.files)] for name in texts}
    trial = _Trial(project, selection, resources, progress, statuses, drawing)
    after = trial.fixed(texts)
    paths = {**{name: project.root / name for name in texts}, **dict(project.pages)}
    return [
        Fix(
            name, paths[name], texts[name], after[name], tuple(why for key, why in trial.left.items() if key[0] == name)
        )
        for name in sorted(texts, key=list(paths).index)
    ]


def write_fixes(fixes: Sequence[Fix]) -> None:
    """Write the pages, their byte order marks and permissions as they were.

    Raises FixError before any is written where one changed meanwhile or is not to be written, OSError where one cannot
    be.
    """
    marks = [_checked(fix) for fix in fixes]
    for fix, mark in zip(fixes, marks, strict=True):
        path = fix.path.resolve()
        mode = path.stat().st_mode
        write_atomically(path, mark, fix.after.encode())
        path.chmod(mode)


def _checked(fix: Fix) -> bytes:
    """The byte order mark of the page, if it has one. Raises FixError where the page is not to be overwritten."""
    data = fix.path.read_bytes()
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    if data != mark + fix.before.encode():
        raise FixError(f"{fix.name}: expected the page as it was read, got another; run the command again")
    if not fix.path.stat().st_mode & 0o200:
        raise FixError(f"{fix.name}: expected a page that may be written, got a read-only one; check its permissions")
    return mark


@dataclass(frozen=True, slots=True)
class _Trial:
    """Texts verified as if they were the files of their names; `left` collects what cannot be mended, and why.

    `drawing` names the pages that draw on each file: the page that it is, and those that import it.
    """

    project: Project
    selection: Selection
    resources: Resources
    progress: Progress
    statuses: frozenset[Status]
    drawing: Mapping[str, Sequence[str]]
    left: dict[_Key, tuple[Verdict, str]] = field(default_factory=dict)

    def fixed(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """The texts with every correction that makes its claim pass."""
        verdicts = self._verdicts(texts)
        for _ in range(_MOST_ROUNDS):
            wanted = self._wanted(verdicts)
            tried = self._tried(texts, wanted, exact=[])
            stubborn = tried.not_passing
            if stubborn:
                tried = self._tried(texts, wanted, exact=stubborn)
            hopeless = tried.not_passing
            if hopeless:
                self._leave(hopeless, "the claim does not pass with the measured value either")
                tried = self._tried(texts, wanted, exact=stubborn)
            if tried.texts == texts and not hopeless:
                return texts
            texts, verdicts = tried.texts, tried.verdicts
        self._leave(self._wanted(verdicts), "with each value that is mended, another turns out to be false")
        return texts

    def _wanted(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """What is to be mended next."""
        false = [one for one in verdicts if one.status in self.statuses and one.claim.kind != "waiver"]
        self._leave((one for one in false if not one.correction), "what is true was not measured here")
        conditions = [one for one in false if one.claim.kind in _CONDITIONS and _key(one.claim) not in self.left]
        if conditions:
            return conditions
        self._leave(_false_together(false), "FLOPs and accuracy are false together, as a wrong image size would do")
        return [one for one in false if _key(one.claim) not in self.left]

    def _tried(self, texts: Mapping[str, str], wanted: Sequence[Verdict], exact: Sequence[Verdict]) -> "_Tried":
        """What comes of the wanted corrections, those in `exact` without rounding."""
        unrounded = {_key(one.claim) for one in exact}
        written: set[_Key] = set()
        proposed = dict(texts)
        for name in texts:
            of_file = [one for one in wanted if one.claim.where.file == name]
            if of_file:
                proposed[name] = self._proposed(name, proposed, of_file, unrounded, written)
        verdicts = self._verdicts(proposed)
        return _Tried(proposed, verdicts, _not_passing((one for one in wanted if _key(one.claim) in written), verdicts))

    def _verdicts(self, texts: Mapping[str, str]) -> tuple[Verdict, ...]:
        return verify(replace(self.project, edited=texts), self.selection, self.resources, self.progress).verdicts

    def _leave(self, verdicts: Iterable[Verdict], why: str) -> None:
        for verdict in verdicts:
            self.left.setdefault(_key(verdict.claim), (verdict, why))

    def _proposed(
        self, name: str, texts: Mapping[str, str], wanted: Iterable[Verdict], unrounded: set[_Key], written: set[_Key]
    ) -> str:
        """The file with every wanted correction that can be written; which were is added to `written`."""
        page = editable(page_from_text(texts[name], name))
        edits: dict[_Key, tuple[Edit, ...]] = {}
        for verdict in wanted:
            key = _key(verdict.claim)
            if key not in self.left:
                try:
                    edits[key] = _edits(page, verdict, exact=key in unrounded)
                except EditError as error:
                    self._leave([verdict], str(error))
        try:
            after = self._edited(name, texts, edits)
        except (EditError, PageError):
            edits = self._compatible(
                page, texts, edits, {_key(verdict.claim): verdict for verdict in wanted}, unrounded
            )
            after = self._edited(name, texts, edits)
        written.update(edits)
        return after

    def _compatible(
        self,
        page: Editable,
        texts: Mapping[str, str],
        edits: Mapping[_Key, tuple[Edit, ...]],
        verdicts: Mapping[_Key, Verdict],
        unrounded: set[_Key],
    ) -> dict[_Key, tuple[Edit, ...]]:
        """Those corrections that can be written together with the ones before them; the next round tries the others.

        A value that other models inherit too is overridden in the model itself.
        """
        together: dict[_Key, tuple[Edit, ...]] = {}
        for key, of_claim in edits.items():
            candidates = [of_claim, *_overriding(page, verdicts[key], exact=key in unrounded)]
            fitting = [edit for edit in candidates if self._fits(page.page.name, texts, {**together, key: edit})]
            if fitting:
                together[key] = fitting[0]
            elif not together:
                self._leave([verdicts[key]], "it cannot be written without changing more than its own value")
        return together

    def _fits(self, name: str, texts: Mapping[str, str], edits: Mapping[_Key, tuple[Edit, ...]]) -> bool:
        """Whether the edits change nothing but their own claims."""
        try:
            self._edited(name, texts, edits)
        except (EditError, PageError):
            return False
        return True

    def _edited(self, name: str, texts: Mapping[str, str], edits: Mapping[_Key, tuple[Edit, ...]]) -> str:
        """The file after the edits. Raises EditError or PageError where they change more than their own claims."""
        after = apply(texts[name], [edit for of_claim in edits.values() for edit in of_claim])
        was, now = (self._declared(name, version) for version in (texts, {**texts, name: after}))
        if any(was.get(key) != now.get(key) for key in was.keys() | now.keys() if key not in edits):
            raise EditError("it would change another claim")
        return after

    def _declared(self, name: str, texts: Mapping[str, str]) -> dict[_Key, list[str]]:
        """What the pages declare that draw on a file."""
        project = replace(self.project, edited=texts)
        indexes = [
            read_index(page_from_text(texts[page], page), project.includes, project.files_of(page))
            for page in self.drawing[name]
        ]
        found = [claim for index in indexes for claim in claims(index) if claim.kind != "text"]
        return {_key(claim): [fix_encoding(item) for item in claim.texts] for claim in found}


@dataclass(frozen=True, slots=True)
class _Tried:
    """Texts with corrections, the verdicts on them, and the corrections that were written and do not pass."""

    texts: Mapping[str, str]
    verdicts: tuple[Verdict, ...]
    not_passing: list[Verdict]


def _not_passing(corrected: Iterable[Verdict], verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Those corrections with which their claims do not pass."""
    found = {_key(verdict.claim): verdict.status for verdict in verdicts}
    # A text that was mended is no claim any more.
    return [one for one in corrected if found.get(_key(one.claim), Status.PASS) is not Status.PASS]


def _false_together(false: Iterable[Verdict]) -> list[Verdict]:
    """Of models whose FLOPs and accuracies are false: these verdicts, since each might be right at another size."""
    at_size = [one for one in false if one.status is Status.FAIL and one.claim.kind in {"flops", *_ACCURACIES}]
    kinds: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for one in at_size:
        kinds[one.claim.page, one.claim.model].add(one.claim.kind)
    both = {model for model, of_model in kinds.items() if "flops" in of_model and of_model & _ACCURACIES}
    return [one for one in at_size if (one.claim.page, one.claim.model) in both]


def _key(claim: Claim) -> _Key:
    # A value that a model inherits and one of its own, which overrides it, are the same claim.
    path = claim.where.path.rpartition("Metadata.")[2] if claim.model else claim.where.path
    place = claim.declared if claim.kind == "text" else path
    return claim.page, claim.model, claim.kind, claim.where.file, place


def _edits(page: Editable, verdict: Verdict, *, exact: bool) -> tuple[Edit, ...]:
    return edits_of(page, verdict.claim, _written(verdict, exact=exact))


def _overriding(page: Editable, verdict: Verdict, *, exact: bool) -> list[tuple[Edit, ...]]:
    """The edit that gives the model a value of its own, if it inherits the false one."""
    values = _written(verdict, exact=exact)
    try:
        return [(override_edit(page, verdict.claim, values if len(values) > 1 else values[0]),)]
    except EditError:
        return []


def _written(verdict: Verdict, *, exact: bool) -> tuple[str, ...]:
    """What the claim is to declare, a single value in the style of the page."""
    values = verdict.correction
    return (in_style(verdict.claim.declared, values[0], exact=exact),) if len(values) == 1 else tuple(values)
