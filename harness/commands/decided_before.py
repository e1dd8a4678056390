"""Claims that a change left without a decision: they are `not_run` now, and were reproduced at the commit."""

from collections import defaultdict
from collections.abc import Sequence

from harness.checks import CHECKS
from harness.checks.shared.subject import Need, Subject
from harness.commands.changed import Changes
from harness.index.claim import Claim, ClaimKey
from harness.index.claims import claims
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
    former: defaultdict[tuple[str, str | None, str], list[Claim]] = defaultdict(list)
    for claim in (claim for index in pages for claim in claims(index)):
        former[claim.page, claim.model, claim.kind].append(claim)
    statuses = {}
    for verdict in verdicts:
        claim = verdict.claim
        if verdict.status is not Status.NOT_RUN or _needs_files(claim):
            continue
        same = former[claim.page, claim.model, claim.kind]
        # Of several, the one at the same place in the document.
        in_place = [other for other in same if len(same) == 1 or other.where.path == claim.where.path]
        if in_place:
            index = changes.before[claim.page]
            subject = Subject(index, project.references, resources, claim.model, {}, pages)
            statuses[claim.key] = judge(in_place[0], subject).status
    return {key: status for key, status in statuses.items() if status in _REPRODUCED}


def _needs_files(claim: Claim) -> bool:
    check = CHECKS.get(claim.kind)
    return check is None or not _OF_MACHINE.isdisjoint(check.NEEDS)
