"""README: the file that a model or collection names is there, beside the page or from the project's root."""

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, failed, passed, unchecked

KINDS = ("readme",)
NEEDS = frozenset({Need.PAGE})
READS = ("READMEs that are there",)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Look the file up among those that were found when the page was read."""
    found = next((one for one in subject.index.readmes if one.where == claim.where), None)
    if found is None:
        return unchecked(claim, reason="It holds the text itself, or an address; no check reads it.")
    if found.file is not None:
        reason = f"The file is there: {found.file}."
        return passed(claim, reason=reason, measured=found.file, method="file")
    if not found.folder:
        missing = "the folder that it names is not here, so this page stands without its repository"
        raise NotHereError(missing, "verify the page inside a checkout of its repository")
    reason = f"No file of that name is beside {claim.where.file} or below the project's root."
    return failed(claim, reason=reason, method="file", remedy="correct the path, or add the file")
