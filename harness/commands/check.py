"""Pages to what rules find across them: nothing is built, measured or fetched."""

from dataclasses import dataclass

from harness.index.claim import Claim
from harness.index.claims import claims
from harness.project.project import Project
from harness.rules import findings
from harness.rules.application import suspicious_claims
from harness.verdict import Verdict
from harness.verify.run import Selection, read_indexes


@dataclass(frozen=True, slots=True)
class Checked:
    """Verdicts on the selected claims that rules speak against, and what was read: pages, models and all claims."""

    verdicts: tuple[Verdict, ...]
    pages: int
    models: int
    claims: tuple[Claim, ...]


def check(project: Project, selection: Selection) -> Checked:
    """Read the project's pages and apply the rules to all of them together. Raises PageError."""
    indexes = read_indexes(project)
    declared = tuple(claim for index in indexes for claim in claims(index))
    selected = (claim for claim in declared if claim in selection)
    verdicts = suspicious_claims(selected, findings(indexes, project.references))
    return Checked(verdicts, len(indexes), sum(len(index.models) for index in indexes), declared)
