"""Claims that a change left without a decision: they are `not_run` now, and were reproduced at the commit."""

from collections.abc import Sequence

from harness.checks import CHECKS
from harness.checks.shared.subject import Need, Subject
from harness.commands.changed import Changes
from harness.index.claim import Claim, ClaimKey
from harness.index.claims import claims
from harness.index.entries import Index
from harness.project.project import Project
from harness.project.resources import Resources
from harness.verdict import Status, Verdict
from harness.verify.judging import judge

_REPRODUCED = {Status.PASS, Status.EXPLAINED}
# What is missing on a machine was missing for the commit's claims, too.
_OF_MACHINE = frozenset({Need.WEIGHTS, Need.SOURCE, Need.IMAGES})


def decided_before(
    changes: Changes, verdicts: Sequence[Verdict], project: Project, resources: Resources
) -> dict[ClaimKey, Status]:
    """The statuses at the commit of claims that are `not_run` now, if they were `pass` or `explained`."""
    pages = tuple(changes.before.values())
    statuses = {}
    for verdict in verdicts:
        claim = verdict.claim
        index = changes.before.get(claim.page)
        if verdict.status is not Status.NOT_RUN or index is None or _needs_files(claim):
            continue
        former = _same_claim(claim, index)
        if former is not None:
            subject = Subject(index, project.references, resources, former.model, {}, pages)
            statuses[claim.key] = judge(former, subject).status
    return {key: status for key, status in statuses.items() if status in _REPRODUCED}


def _needs_files(claim: Claim) -> bool:
    check = CHECKS.get(claim.kind)
    return check is None or not _OF_MACHINE.isdisjoint(check.NEEDS)


def _same_claim(claim: Claim, index: Index) -> Claim | None:
    """The claim of the same model and kind; of several, the one at the same place in the document."""
    same = [other for other in claims(index) if (other.model, other.kind) == (claim.model, claim.kind)]
    in_place = [other for other in same if other.where.path == claim.where.path]
    return next(iter(same if len(same) == 1 else in_place), None)
