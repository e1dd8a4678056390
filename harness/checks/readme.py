"""README: the file that a model or collection names exists, beside the page or below the project's root."""

from harness.checks.shared.lookup import readmes
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, failed, passed, unchecked

KINDS = ("readme",)
NEEDS = frozenset({Need.PAGE})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Look the file up among those found when the page was read."""
    readme = readmes(subject.index).get(claim.where)
    if readme is None:
        return unchecked(claim, reason="The value is a text or a URL, which no check reads.")
    if readme.file is not None:
        reason = f"The file exists: {readme.file}."
        return passed(claim, reason=reason, measured=readme.file, method="file")
    if not readme.folder:
        missing = "the folder that the path names is missing, so the page is not in its repository"
        raise NotHereError(missing, "verify the page inside a checkout of its repository")
    reason = f"No file of this name exists beside {claim.where.file} or below the project's root."
    return failed(claim, reason=reason, method="file", remedy="correct the path, or add the file")
