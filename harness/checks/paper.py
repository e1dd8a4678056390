"""Paper: the title is the published one, and the link contains the paper's title or number."""

import re

from harness.checks.shared.comparison import expect_text
from harness.checks.shared.lookup import collection_of
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.verdict import NotHereError, Verdict, fact, passed, unchecked

KINDS = ("paper_title", "paper_url")
NEEDS = frozenset({Need.REFERENCE})

# Links cut long titles after a word. Fewer characters than these could begin many titles.
_SHORTENED = 20


def check(claim: Claim, subject: Subject) -> Verdict:
    """Compare the claim with the collection's paper in the references."""
    collection = collection_of(claim, subject)
    published = subject.references.collections.get(collection, {})
    if "paper_title" not in published:
        missing = f"the references have no paper for the collection {collection}"
        raise NotHereError(missing, "add it to modelindex/references/")
    title, number = published["paper_title"], published.get("arxiv")
    names = (title, *published.get("other_titles", ()))
    slugs = [_slug(name) for name in names]
    evidence = (fact("arxiv", "arXiv", number),) if number else ()
    if claim.kind == "paper_title":
        # Sources differ in spelling, such as a space before a colon, and leave out subtitles.
        accepted = {*slugs, *(_slug(name.partition(":")[0]) for name in names)}
        expected = claim.declared if _slug(claim.declared) in accepted else title
        match, mismatch = "This is the published title.", "The paper was published under another title."
        return expect_text(claim, expected, match=match, mismatch=mismatch, method="reference", evidence=evidence)
    end = claim.declared.rstrip("/").rpartition("/")[2]
    if (number and end in {number, number.replace(".", "")}) or any(_names(end, slug) for slug in slugs):
        reason = "The link contains the paper's title or arXiv number; it was not opened."
        return passed(claim, reason=reason, measured=claim.declared, method="address", evidence=evidence)
    remedy = f"link to https://arxiv.org/abs/{number}" if number else f"link to {title}"
    reason = "The link contains neither the paper's title nor its arXiv number, and links are not opened."
    return unchecked(claim, reason=reason, method="address", remedy=remedy, evidence=evidence)


def _slug(title: str) -> str:
    """A title as links write it."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _names(end: str, slug: str) -> bool:
    """Whether the end of a link is a title's, or its first words; links number the papers of one title."""
    shortened = slug.startswith(f"{end}-") and len(end) >= _SHORTENED
    return end == slug or shortened or (end.rpartition("-")[2].isdigit() and _names(end.rpartition("-")[0], slug))
