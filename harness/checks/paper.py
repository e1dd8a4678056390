"""Paper: the title is the published one, and the link names it."""

import re

from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, failed, passed, typed, unchecked

KINDS = ("paper_title", "paper_url")
NEEDS = frozenset({Need.REFERENCE})
READS = ("collection",)


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the claim with what is on file for its collection."""
    collection = subject.collection_of(claim)
    published = subject.references.collections.get(collection, {})
    if "paper_title" not in published:
        missing = f"no paper is on file for the collection {collection}"
        raise NotHereError(missing, "add it to modelindex/references/")
    title = published["paper_title"]
    number = published.get("arxiv")
    evidence = {"arXiv": number} if number else {}
    if claim.kind == "paper_title":
        if claim.declared == title:
            reason = "The title of the paper on file."
            return passed(claim, reason=reason, measured=title, method="reference", evidence=typed(evidence))
        reason = "The paper on file has another title."
        return failed(
            claim,
            reason=reason,
            measured=title,
            method="reference",
            remedy=f"declare {title}",
            evidence=typed(evidence),
            correction=(title,),
        )
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if claim.declared.rstrip("/").rpartition("/")[2] in {words, number}:
        reason = "The link names the paper, by its title or arXiv number; it was not opened."
        return passed(claim, reason=reason, measured=claim.declared, method="address", evidence=typed(evidence))
    remedy = f"link to https://arxiv.org/abs/{number}" if number else f"link to {title}"
    reason = "The link names neither the paper's title nor its arXiv number; where it leads, only opening it tells."
    return unchecked(claim, reason=reason, method="address", remedy=remedy, evidence=typed(evidence))
