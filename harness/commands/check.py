"""What rules find across pages. Nothing is built, measured or downloaded."""

from harness.index.claims import claims
from harness.project.project import Project
from harness.rules.application import contradicted_claims
from harness.rules.table import findings
from harness.verify.reading import read_indexes
from harness.verify.run import Verification
from harness.verify.selection import Selection


def check(project: Project, selection: Selection) -> tuple[Verification, int]:
    """Verdicts on the selected claims with findings or faults, all claims, and the number of models.

    The rules are applied to all pages of the project together.
    """
    indexes = read_indexes(project)
    declared = tuple(claim for index in indexes for claim in claims(index))
    selected = (claim for claim in declared if claim in selection)
    verdicts = contradicted_claims(selected, findings(indexes, project.references))
    return Verification(verdicts, claims=declared), sum(len(index.models) for index in indexes)
