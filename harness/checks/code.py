"""Code: the pinned commit has the file, and the linked line defines the model."""

import re
from functools import cache
from urllib.parse import unquote, urlsplit

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.entries import Index
from harness.measure.source import NotInRepositoryError, lines_at
from harness.system.git import has_commit
from harness.verdict import Evidence, NotHereError, Verdict, fact, facts, failed, passed, unchecked

KINDS = ("code",)
NEEDS = frozenset({Need.SOURCE})

_PATH = re.compile(r"/[^/]+/[^/]+/blob/(?P<commit>[^/]+)/(?P<file>.+)")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_ANCHOR = re.compile(r"L(?P<line>[1-9]\d{0,6})(?:-L\d+)?")
_METHOD = "git objects"


def check(claim: Claim, subject: Subject) -> Verdict:
    """Read the linked line from the git objects of the source repository."""
    address = urlsplit(claim.declared)
    path, anchor = _PATH.fullmatch(address.path), _ANCHOR.fullmatch(address.fragment)
    if path is None or anchor is None or not _COMMIT.fullmatch(path["commit"]):
        reason = "The link does not pin a commit, file and line, so its content can change."
        return unchecked(claim, reason=reason, remedy="link to …/blob/<commit>/<file>#L<line>")
    source = subject.resources.source
    if source is None:
        raise NotHereError("no source repository was given", "--source DIR with a git checkout or bare repository")
    if not any(has_commit(source, commit) for commit in (path["commit"], *pinned_commits(subject.index))):
        missing = "the repository has none of the commits that the page pins: wrong repository, or a shallow clone"
        raise NotHereError(missing, "--source DIR with the complete repository that the page links to")
    try:
        lines = lines_at(source, path["commit"], unquote(path["file"]))
    except NotInRepositoryError as error:
        reason = f"The repository has no {error}."
        return failed(claim, reason=reason, method=_METHOD, remedy="pin a commit and file that exist")
    line, definition = int(anchor["line"]), _definition(lines, subject.name)
    linked: tuple[Evidence, ...] = (fact("line", "line", lines[line - 1].strip()),) if line <= len(lines) else ()
    evidence = (*linked, facts("defined_on_lines", "defined on lines", definition))
    if line in definition:
        reason = "The linked line of the pinned commit defines this model."
        return passed(claim, reason=reason, measured=f"line {line}", method=_METHOD, evidence=evidence)
    if not definition:
        reason = f"The file does not define {subject.name} at this commit."
        return failed(claim, reason=reason, method=_METHOD, remedy="link to its definition", evidence=evidence)
    defined = definition[-1]
    return failed(
        claim,
        reason=f"{subject.name} is not defined on the linked line.",
        measured=f"line {defined}",
        difference=f"{defined - line:+d} lines",
        method=_METHOD,
        remedy=f"link to #L{defined}",
        evidence=evidence,
        correction=(f"{claim.declared.partition('#')[0]}#L{defined}",),
    )


@cache
def pinned_commits(index: Index) -> frozenset[str]:
    """The commits that the code links of a page's models pin."""
    paths = (_PATH.fullmatch(urlsplit(model.text("code") or "").path) for model in index.models.values())
    return frozenset(path["commit"] for path in paths if path and _COMMIT.fullmatch(path["commit"]))


def _definition(lines: tuple[str, ...], model: str) -> list[int]:
    """The line numbers of the model's `def` or `class` and of the decorators right above; none without one."""
    opening = re.compile(rf"\s*(?:def|class)\s+{re.escape(model)}\b")
    for number, line in enumerate(lines, start=1):
        if opening.match(line):
            start = number
            while start > 1 and lines[start - 2].lstrip().startswith("@"):
                start -= 1
            return list(range(start, number + 1))
    return []
