"""Text: the page has no wrongly decoded characters."""

from harness.checks.shared.comparison import expect_text
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.index.prose import fix_encoding
from harness.verdict import Verdict

KINDS = ("text",)
NEEDS = frozenset({Need.PAGE})


def check(claim: Claim, subject: Subject) -> Verdict:  # noqa: ARG001 - the claim is enough
    """Compare the text with the result of decoding it correctly."""
    mismatch = "UTF-8 text was decoded with another encoding."
    expected = fix_encoding(claim.declared)
    return expect_text(claim, expected, match="No wrongly decoded characters.", mismatch=mismatch, method="ftfy")
