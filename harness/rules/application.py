"""Verdicts on single pages, in the light of what rules find across all pages."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.index.claim import Claim, ClaimKey
from harness.rules.finding import Finding
from harness.verdict import Status, Table, Verdict, not_run

_METHOD = "cross-record rules"
_UNDECIDED = {Status.NOT_RUN, Status.UNCHECKED}
_MOST_TOLD = 3


def apply_findings(verdicts: Iterable[Verdict], findings: Iterable[Finding]) -> tuple[Verdict, ...]:
    """The verdicts, those on claims that a finding blames as `fail` where nothing else decided them.

    What was decided by measuring stays so, and tells what speaks against it; so does what is not decided and may be
    right, if another claim is wrong.
    """
    by_claim = _by_claim(findings)
    return tuple(_in_light_of(verdict, by_claim.get((verdict.claim.page, verdict.claim.key))) for verdict in verdicts)


def suspicious_claims(claims: Iterable[Claim], findings: Iterable[Finding]) -> tuple[Verdict, ...]:
    """A `fail` for each claim that a finding speaks against, whether or not it is the one to blame."""
    by_claim = _by_claim(findings)
    suspected = ((claim, by_claim.get((claim.page, claim.key))) for claim in claims)
    return tuple(_false(not_run(claim, reason="", remedy=""), found) for claim, found in suspected if found)


def _by_claim(findings: Iterable[Finding]) -> dict[tuple[str, ClaimKey], list[Finding]]:
    by_claim: dict[tuple[str, ClaimKey], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_claim[finding.page, finding.claim].append(finding)
    return by_claim


def _in_light_of(verdict: Verdict, findings: Sequence[Finding] | None) -> Verdict:
    if not findings:
        return verdict
    if verdict.status in _UNDECIDED and any(finding.to_blame for finding in findings):
        return _false(verdict, findings)
    told = [verdict.reason, _told(findings)] if verdict.status not in _UNDECIDED else [_told(findings), verdict.reason]
    return replace(verdict, reason=" ".join(told), evidence=(*verdict.evidence, _table(findings)))


def _false(verdict: Verdict, findings: Sequence[Finding]) -> Verdict:
    """The verdict as `fail`, by the findings that blame its claim; by all, if none does."""
    blaming = [finding for finding in findings if finding.to_blame] or findings
    return replace(
        verdict,
        status=Status.FAIL,
        reason=_told(blaming),
        method=_METHOD,
        remedy="; ".join(dict.fromkeys(finding.remedy for finding in blaming)),
        evidence=(*verdict.evidence, _table(findings)),
    )


def _told(findings: Sequence[Finding]) -> str:
    return " ".join(f"{finding.reason}{_at(finding)}" for finding in findings)


def _at(finding: Finding) -> str:
    """Where the values stand that speak against the claim, the first few; nothing where that is the claim itself."""
    others = [str(place) for place in finding.places if place != finding.claim[2]]
    more = f" and {len(others) - _MOST_TOLD} more" if len(others) > _MOST_TOLD else ""
    return f" See {', '.join(others[:_MOST_TOLD])}{more}." if others else ""


def _table(findings: Sequence[Finding]) -> Table:
    """The findings, each with the locations that contradict the claim."""
    rows = [(finding.rule, finding.reason, ", ".join(map(str, finding.places))) for finding in findings]
    return Table("findings", "cross-page findings", ("rule", "finding", "contradicted by"), tuple(rows))
