"""Claims to verdicts: every claim to the check of its kind."""

import traceback
from collections.abc import Iterable
from dataclasses import replace

from harness.checks import CHECKS
from harness.checks.subject import Evaluations, Need, Subject
from harness.index.claim import Claim
from harness.index.records import Index
from harness.references import References
from harness.resources import Resources
from harness.verdict import NotHereError, Status, Verdict


def judge_claims(
    index: Index,
    selected: Iterable[Claim],
    references: References,
    resources: Resources,
    evaluations: Evaluations | None = None,
) -> list[Verdict]:
    """The verdicts on the selected claims of a page, in their order."""
    page = Subject(index, references, resources, evaluations=evaluations or {})
    return [judge(claim, replace(page, model=claim.model)) for claim in selected]


def wants_images(claim: Claim) -> bool:
    """Whether the claim is judged by an evaluation of images, where one can be had."""
    check = CHECKS.get(claim.kind)
    return check is not None and Need.IMAGES in check.NEEDS


def judge(claim: Claim, subject: Subject) -> Verdict:
    """The verdict on one claim. An exception in a check becomes an `error` verdict with its traceback."""
    check = CHECKS.get(claim.kind)
    if check is None:
        return Verdict(claim, Status.UNCHECKED, "No check exists for this field.")
    try:
        return check.check(claim, subject)
    except NotHereError as missing:
        reason = f"{missing.missing[:1].upper()}{missing.missing[1:]}."
        return Verdict(claim, Status.NOT_RUN, reason, remedy=missing.supply)
    except Exception as error:  # noqa: BLE001 - never hidden, never counted as anything else
        frames = traceback.extract_tb(error.__traceback__)
        shown = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        reason = f"The check could not finish: {type(error).__name__}: {error}"
        remedy = "report this as a fault of the harness"
        return Verdict(claim, Status.ERROR, reason, remedy=remedy, evidence={"traceback": shown})
