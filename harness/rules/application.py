"""Adding the findings of cross-page rules to the verdicts on claims."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.index.claim import Claim, ClaimKey
from harness.rules.finding import Finding
from harness.verdict import Status, Table, Verdict, failed

_METHOD = "cross-page rules"
_UNDECIDED = {Status.NOT_RUN, Status.UNCHECKED}
_MOST_PLACES = 3


def apply_findings(verdicts: Iterable[Verdict], findings: Iterable[Finding]) -> tuple[Verdict, ...]:
    """The verdicts, each with the findings on its claim.

    An undecided claim that a finding blames becomes `fail`. Every other status stays: the findings only add to its
    reason and evidence.
    """
    by_claim = _by_claim(findings)
    return tuple(_with_findings(verdict, by_claim.get((verdict.claim.page, verdict.claim.key))) for verdict in verdicts)


def suspicious_claims(claims: Iterable[Claim], findings: Iterable[Finding]) -> tuple[Verdict, ...]:
    """A `fail` for each claim with a finding, also where another claim may be the wrong one."""
    by_claim = _by_claim(findings)
    suspects = ((claim, by_claim.get((claim.page, claim.key))) for claim in claims)
    return tuple(_failed(failed(claim, reason="", remedy=""), found) for claim, found in suspects if found)


def _by_claim(findings: Iterable[Finding]) -> dict[tuple[str, ClaimKey], list[Finding]]:
    by_claim: dict[tuple[str, ClaimKey], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_claim[finding.page, finding.claim].append(finding)
    return by_claim


def _with_findings(verdict: Verdict, findings: Sequence[Finding] | None) -> Verdict:
    if not findings:
        return verdict
    undecided = verdict.status in _UNDECIDED
    if undecided and any(finding.to_blame for finding in findings):
        return _failed(verdict, findings)
    reasons = (_reasons(findings), verdict.reason) if undecided else (verdict.reason, _reasons(findings))
    return replace(verdict, reason=" ".join(reasons), evidence=(*verdict.evidence, _table(findings)))


def _failed(verdict: Verdict, findings: Sequence[Finding]) -> Verdict:
    """The verdict as `fail`, by the findings that blame its claim; by all, if none does."""
    blaming = [finding for finding in findings if finding.to_blame] or findings
    return replace(
        verdict,
        status=Status.FAIL,
        reason=_reasons(blaming),
        method=_METHOD,
        remedy="; ".join(dict.fromkeys(finding.remedy for finding in blaming)),
        evidence=(*verdict.evidence, _table(findings)),
    )


def _reasons(findings: Sequence[Finding]) -> str:
    return " ".join(f"{finding.reason}{_see(finding)}" for finding in findings)


def _see(finding: Finding) -> str:
    """The first places that contradict the claim, if there are any beside the claim itself."""
    others = [str(place) for place in finding.places if place != finding.claim[2]]
    more = f" and {len(others) - _MOST_PLACES} more" if len(others) > _MOST_PLACES else ""
    return f" See {', '.join(others[:_MOST_PLACES])}{more}." if others else ""


def _table(findings: Sequence[Finding]) -> Table:
    """The findings, each with the places that contradict the claim."""
    rows = [(finding.rule, finding.reason, ", ".join(map(str, finding.places))) for finding in findings]
    return Table("findings", "cross-page findings", ("rule", "finding", "contradicted by"), tuple(rows))
