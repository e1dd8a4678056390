"""False values of pages to measured ones: edits tried on copies of the pages, verified there, and only then written."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.disk import write_whole
from harness.evaluate.progress import Progress
from harness.index.claim import Claim
from harness.index.claims import claims
from harness.index.edits import Edit, EditError, apply, edits_of, in_style
from harness.index.faults import PageError
from harness.index.page import page_from_text, read_page
from harness.index.prose import mended
from harness.index.records import read_index
from harness.project import Project
from harness.resources import Resources
from harness.verdict import Status, Verdict
from harness.verify import Selection, verify

# A value mended can show another to be false, such as the FLOPs at a corrected image size.
_MOST_ROUNDS = 4

# Which claim, wherever it stands: lists that grow move what is below them. Texts are known by what they say.
_Key = tuple[str, str | None, str, str]


class FixError(Exception):
    """A page that cannot be rewritten; the message says why."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A page before and after, and the verdicts on what stays false, each with why it was left alone."""

    name: str
    path: Path
    before: str
    after: str
    left: tuple[tuple[Verdict, str], ...]


def propose_fixes(
    project: Project, selection: Selection, resources: Resources, progress: Progress, statuses: frozenset[Status]
) -> list[Fix]:
    """What to write into the selected claims of these statuses, page by page; nothing is written yet.

    Only what was measured here or is published is proposed, and only where the claim passes with it.
    """
    before = {name: read_page(path, name).text for name, path in project.pages}
    with tempfile.TemporaryDirectory() as folder:
        copies = {name: Path(folder) / str(number) for number, name in enumerate(before)}
        copied = replace(project, pages=tuple(copies.items()))
        trial = _Trial(copied, selection, resources, progress, statuses)
        after = trial.mended(before)
    return [
        Fix(name, path, before[name], after[name], tuple(why for key, why in trial.left.items() if key[0] == name))
        for name, path in project.pages
    ]


def write_fix(fix: Fix) -> None:
    """Write the page, its byte order mark and its permissions as they were.

    Raises FixError where the page changed meanwhile, OSError where it cannot be written.
    """
    path = fix.path.resolve()
    data = path.read_bytes()
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    if data != mark + fix.before.encode():
        raise FixError(f"{fix.name}: expected the page as it was read, got another; run the command again")
    mode = path.stat().st_mode
    write_whole(path, mark, fix.after.encode())
    path.chmod(mode)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Texts verified as if they were the pages; `left` collects what cannot be mended, and why."""

    project: Project
    selection: Selection
    resources: Resources
    progress: Progress
    statuses: frozenset[Status]
    left: dict[_Key, tuple[Verdict, str]] = field(default_factory=dict)

    def mended(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """The texts with every correction that makes its claim pass."""
        verdicts = self._verdicts(texts)
        for _ in range(_MOST_ROUNDS):
            wanted = [one for one in verdicts if one.status in self.statuses and one.claim.kind != "waiver"]
            self._leave((one for one in wanted if not one.correction), "what is true was not measured here")
            proposed = self._proposed(texts, wanted, exact=())
            if proposed == texts:
                break
            verdicts = self._verdicts(proposed)
            stubborn = self._not_passing(wanted, verdicts)
            if stubborn:
                proposed = self._proposed(texts, wanted, exact=[_key(one.claim) for one in stubborn])
                verdicts = self._verdicts(proposed)
            hopeless = self._not_passing(wanted, verdicts)
            if hopeless:
                self._leave(hopeless, "the claim does not pass with the measured value either")
                proposed = self._proposed(texts, wanted, exact=[_key(one.claim) for one in stubborn])
                verdicts = self._verdicts(proposed)
            texts = proposed
        return texts

    def _verdicts(self, texts: Mapping[str, str]) -> tuple[Verdict, ...]:
        for name, path in self.project.pages:
            path.write_bytes(texts[name].encode())
        return verify(self.project, self.selection, self.resources, self.progress).verdicts

    def _leave(self, verdicts: Iterable[Verdict], why: str) -> None:
        for verdict in verdicts:
            self.left.setdefault(_key(verdict.claim), (verdict, why))

    def _proposed(
        self, texts: Mapping[str, str], wanted: Sequence[Verdict], exact: Sequence[_Key]
    ) -> Mapping[str, str]:
        """The texts with every wanted correction that can be written; those in `exact` without rounding."""
        proposed = {}
        for name, text in texts.items():
            on_page = [one for one in wanted if one.claim.page == name and _key(one.claim) not in self.left]
            edits: list[Edit] = []
            for verdict in on_page:
                try:
                    edits += _edits(text, verdict, exact=_key(verdict.claim) in exact)
                except EditError as error:
                    self._leave([verdict], str(error))
            try:
                proposed[name] = apply(text, edits)
                self._refuse_side_effects(name, text, proposed[name], {_key(one.claim) for one in on_page})
            except (EditError, PageError):
                self._leave(on_page, "written together, the corrections would change more than their own values")
                proposed[name] = text
        return proposed

    def _refuse_side_effects(self, name: str, before: str, after: str, corrected: set[_Key]) -> None:
        """Raises EditError where anything but the corrected claims would be declared otherwise."""
        was, now = (self._declared(name, text) for text in (before, after))
        if any(was.get(key) != now.get(key) for key in was.keys() | now.keys() if key not in corrected):
            raise EditError("it would change another claim")

    def _declared(self, name: str, text: str) -> dict[_Key, list[str]]:
        found = claims(read_index(page_from_text(text, name), self.project.includes))
        return {_key(claim): [mended(item) for item in claim.texts] for claim in found if claim.kind != "text"}

    def _not_passing(self, wanted: Iterable[Verdict], verdicts: Iterable[Verdict]) -> list[Verdict]:
        """Those of the wanted corrections with which their claims do not pass."""
        found = {_key(verdict.claim): verdict.status for verdict in verdicts}
        # A text that was mended is no claim any more.
        return [
            verdict
            for verdict in wanted
            if _key(verdict.claim) not in self.left and found.get(_key(verdict.claim), Status.PASS) is not Status.PASS
        ]


def _key(claim: Claim) -> _Key:
    return claim.page, claim.model, claim.kind, claim.declared if claim.kind == "text" else claim.where.path


def _edits(text: str, verdict: Verdict, *, exact: bool) -> tuple[Edit, ...]:
    claim, values = verdict.claim, verdict.correction
    if len(values) == 1:
        values = (in_style(claim.declared, values[0], exact=exact),)
    return edits_of(page_from_text(text, claim.page), claim, values)
