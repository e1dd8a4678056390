"""Verdicts combined with the findings of rules across all pages."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.index.claim import Claim, ClaimKey
from harness.rules.finding import Finding
from harness.verdict import Status, Table, Verdict, faulty, not_run

_METHOD = "cross-page rules"
_UNDECIDED = {Status.NOT_RUN, Status.UNCHECKED}
_MOST_PLACES = 3


def apply_findings(verdicts: Iterable[Verdict], findings: Iterable[Finding]) -> tuple[Verdict, ...]:
    """The verdicts, with `fail` for undecided claims that a finding blames.

    Other verdicts keep their status, and their reason and evidence also name the findings.
    """
    by_claim = _by_claim(findings)
    return tuple(_combine(verdict, by_claim.get((verdict.claim.page, verdict.claim.key))) for verdict in verdicts)


def suspicious_claims(claims: Iterable[Claim], findings: Iterable[Finding]) -> tuple[Verdict, ...]:
    """A `fail` for each claim with a finding, whether or not the finding blames it; and what cannot be read."""
    by_claim = _by_claim(findings)
    return tuple(
        faulty(claim, claim.fault)
        if claim.fault
        else _failed(not_run(claim, reason="", remedy=""), by_claim[claim.page, claim.key])
        for claim in claims
        if claim.fault or (claim.page, claim.key) in by_claim
    )


def _by_claim(findings: Iterable[Finding]) -> dict[tuple[str, ClaimKey], list[Finding]]:
    by_claim: dict[tuple[str, ClaimKey], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_claim[finding.page, finding.claim].append(finding)
    return by_claim


def _combine(verdict: Verdict, findings: Sequence[Finding] | None) -> Verdict:
    if not findings:
        return verdict
    if verdict.status in _UNDECIDED and any(finding.to_blame for finding in findings):
        return _failed(verdict, findings)
    reasons = [verdict.reason, _explain(findings)]
    if verdict.status in _UNDECIDED:
        reasons.reverse()
    return replace(verdict, reason=" ".join(reasons), evidence=(*verdict.evidence, _table(findings)))


def _failed(verdict: Verdict, findings: Sequence[Finding]) -> Verdict:
    """The verdict as `fail`, by the findings that blame its claim, or by all if none does."""
    blaming = [finding for finding in findings if finding.to_blame] or findings
    return replace(
        verdict,
        status=Status.FAIL,
        reason=_explain(blaming),
        method=_METHOD,
        remedy="; ".join(dict.fromkeys(finding.remedy for finding in blaming)),
        evidence=(*verdict.evidence, _table(findings)),
    )


def _explain(findings: Sequence[Finding]) -> str:
    return " ".join(f"{finding.reason}{_see(finding)}" for finding in findings)


def _see(finding: Finding) -> str:
    """A sentence with the first places of the finding, except the claim's own; empty if there are none."""
    places = [str(place) for place in finding.places if place != finding.claim[2]]
    more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
    return f" See {', '.join(places[:_MOST_PLACES])}{more}." if places else ""


def _table(findings: Sequence[Finding]) -> Table:
    """The findings, each with the locations that contradict the claim."""
    rows = [(finding.rule, finding.reason, ", ".join(map(str, finding.places))) for finding in findings]
    return Table("findings", "cross-page findings", ("rule", "finding", "contradicted by"), tuple(rows))
