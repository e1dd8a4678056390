"""What rules find across pages. Nothing is built, measured or downloaded."""

from dataclasses import dataclass

from harness.index.claim import Claim
from harness.index.claims import claims
from harness.project.project import Project
from harness.rules import findings
from harness.rules.application import suspicious_claims
from harness.verdict import Verdict
from harness.verify.reading import read_indexes
from harness.verify.selection import Selection


@dataclass(frozen=True, slots=True)
class Checked:
    """Verdicts on the selected claims that rules contradict, and what was read: pages, models and all claims."""

    verdicts: tuple[Verdict, ...]
    pages: int
    models: int
    claims: tuple[Claim, ...]


def check(project: Project, selection: Selection) -> Checked:
    """Apply the rules to all pages of the project together. Raises PageError with the faults of all pages."""
    indexes = read_indexes(project)
    declared = tuple(claim for index in indexes for claim in claims(index))
    selected = (claim for claim in declared if claim in selection)
    verdicts = suspicious_claims(selected, findings(indexes, project.references))
    return Checked(verdicts, len(indexes), sum(len(index.models) for index in indexes), declared)
