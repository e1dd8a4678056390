"""Code: at the pinned commit the file exists, and the anchored line defines this very model."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.entries import Index
from harness.measure.source import NotInRepositoryError, lines_at
from harness.system.git import has_commit
from harness.verdict import NotHereError, Verdict, failed, passed, typed, unchecked

KINDS = ("code",)
NEEDS = frozenset({Need.SOURCE})
READS = ("commits that the page pins",)
_ADDRESS = re.compile(r"/[^/]+/[^/]+/blob/(?P<commit>[^/]+)/(?P<file>.+)")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_ANCHOR = re.compile(r"L(?P<line>[1-9]\d{0,6})(?:-L\d+)?")


def check(claim: Claim, subject: Subject) -> Verdict:
    """Read the anchored line from the git objects of the source repository."""
    address = urlsplit(claim.declared)
    place, anchor = _ADDRESS.fullmatch(address.path), _ANCHOR.fullmatch(address.fragment)
    if place is None or anchor is None or not _COMMIT.fullmatch(place["commit"]):
        reason = "The address pins no commit, file and line: what it shows can change, and cannot be checked."
        return unchecked(claim, reason=reason, remedy="link to …/blob/<commit>/<file>#L<line>")
    if subject.resources.source is None:
        raise NotHereError("no source repository was given", "--source DIR with a git checkout or bare repository")
    source = subject.resources.source
    if not has_commit(source, place["commit"]) and not _is_the_pages(source, subject):
        missing = "the repository holds none of the commits that the page pins: another one, or a shallow clone"
        raise NotHereError(missing, "--source DIR with the whole repository that the page links to")
    try:
        lines = lines_at(source, place["commit"], unquote(place["file"]))
    except NotInRepositoryError as error:
        reason = f"The repository has no {error}."
        return failed(claim, reason=reason, method="git objects", remedy="pin a commit and file that exist")
    line = int(anchor["line"])
    defined = _defined_at(lines, subject.name)
    evidence = {"line": lines[line - 1].strip() if line <= len(lines) else None, "defined on lines": defined}
    if line in defined:
        reason = "The anchored line of the pinned commit defines this model."
        return passed(claim, reason=reason, measured=f"line {line}", method="git objects", evidence=typed(evidence))
    if not defined:
        reason = f"Nothing in the file defines {subject.name} at this commit."
        return failed(
            claim, reason=reason, method="git objects", remedy="link to its definition", evidence=typed(evidence)
        )
    reason = f"The anchored line is not where {subject.name} is defined."
    gap = f"{defined[-1] - line:+d} lines"
    remedy = f"anchor #L{defined[-1]}"
    corrected = (f"{claim.declared.partition('#')[0]}#L{defined[-1]}",)
    return failed(
        claim,
        reason=reason,
        measured=f"line {defined[-1]}",
        difference=gap,
        method="git objects",
        remedy=remedy,
        evidence=typed(evidence),
        correction=corrected,
    )


def _is_the_pages(source: Path, subject: Subject) -> bool:
    """Whether the repository holds a commit that some model of the page pins."""
    return any(has_commit(source, commit) for commit in pinned_commits(subject.index))


@cache
def pinned_commits(index: Index) -> frozenset[str]:
    """The commits that the code addresses of a page's models pin."""
    addresses = (_ADDRESS.fullmatch(urlsplit(model.text("code") or "").path) for model in index.models.values())
    return frozenset(place["commit"] for place in addresses if place and _COMMIT.fullmatch(place["commit"]))


def _defined_at(lines: tuple[str, ...], model: str) -> list[int]:
    """The lines, from 1, of the model's definition: its `def` or `class`, and the decorators right above."""
    opening = re.compile(rf"\s*(?:def|class)\s+{re.escape(model)}\b")
    for place, line in enumerate(lines):
        if opening.match(line):
            first = place
            while first and lines[first - 1].lstrip().startswith("@"):
                first -= 1
            return list(range(first + 1, place + 2))
    return []
