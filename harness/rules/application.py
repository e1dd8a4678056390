"""Verdicts combined with the findings of rules across all pages."""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

from harness.index.claim import Claim, ClaimKey
from harness.index.faults import Location
from harness.rules.declared_model import join_first
from harness.rules.finding import Certainty, Finding
from harness.verdict import Status, Table, Verdict, faulty, not_run

_METHOD = "cross-page rules"
_UNDECIDED = {Status.NOT_RUN, Status.UNCHECKED}
_MOST_PLACES = 3


def apply_findings(verdicts: Iterable[Verdict], findings: Iterable[Finding]) -> tuple[Verdict, ...]:
    """The verdicts, with `fail` for undecided claims that a finding proves false.

    Of claims that cannot all be true, none fails by that finding if another of them is false already. All other
    verdicts keep their status, and their reason and evidence also name the findings.
    """
    verdicts, by_claim = tuple(verdicts), _by_claim(findings)
    found = [by_claim.get((verdict.claim.page, verdict.claim.key), []) for verdict in verdicts]
    false = {
        verdict.claim.where
        for verdict, of_claim in zip(verdicts, found, strict=True)
        if verdict.status is Status.FAIL
        or (verdict.status in _UNDECIDED and any(finding.certainty is Certainty.FALSE for finding in of_claim))
    }
    return tuple(_combine(verdict, of_claim, false) for verdict, of_claim in zip(verdicts, found, strict=True))


def contradicted_claims(claims: Iterable[Claim], findings: Iterable[Finding]) -> tuple[Verdict, ...]:
    """Verdicts on the claims with a finding or a fault: `fail` if it is proof, `error` for what cannot be read."""
    by_claim = _by_claim(findings)
    base = (
        faulty(claim, claim.fault)
        if claim.fault
        else not_run(claim, reason="", remedy=_remedies(by_claim[claim.page, claim.key]))
        for claim in claims
        if claim.fault or (claim.page, claim.key) in by_claim
    )
    return apply_findings(base, [finding for of_claim in by_claim.values() for finding in of_claim])


def _by_claim(findings: Iterable[Finding]) -> dict[tuple[str, ClaimKey], list[Finding]]:
    by_claim: dict[tuple[str, ClaimKey], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_claim[finding.page, finding.claim].append(finding)
    return by_claim


def _combine(verdict: Verdict, findings: Sequence[Finding], false: Set[Location]) -> Verdict:
    """The verdict with the findings on its claim. `false` are the places of claims that are false anyway."""
    if not findings:
        return verdict
    evidence = (*verdict.evidence, _table(findings))
    proof = [finding for finding in findings if _is_proof(finding, false)]
    if proof and verdict.status in _UNDECIDED:
        reason, remedy = _explain(proof), _remedies(proof)
        return replace(verdict, status=Status.FAIL, reason=reason, method=_METHOD, remedy=remedy, evidence=evidence)
    reasons = [verdict.reason, _explain(findings)]
    if verdict.status in _UNDECIDED:
        reasons.reverse()
    return replace(verdict, reason=" ".join(filter(None, reasons)), evidence=evidence)


def _remedies(findings: Sequence[Finding]) -> str:
    return "; ".join(dict.fromkeys(finding.remedy for finding in findings))


def _is_proof(finding: Finding, false: Set[Location]) -> bool:
    """Whether it shows that its claim is false."""
    if finding.certainty is Certainty.ONE_OF_TWO:
        return false.isdisjoint(finding.places)
    return finding.certainty is Certainty.FALSE


def _explain(findings: Sequence[Finding]) -> str:
    return " ".join(f"{finding.reason}{_see(finding)}" for finding in findings)


def _see(finding: Finding) -> str:
    """A sentence with the first places of the finding, except the claim's own; empty if there are none."""
    places = [str(place) for place in finding.places if place != finding.claim[2]]
    return f" See {join_first(places, _MOST_PLACES)}." if places else ""


def _table(findings: Sequence[Finding]) -> Table:
    """The findings, each with the locations that contradict the claim."""
    rows = [(finding.rule, finding.reason, ", ".join(map(str, finding.places))) for finding in findings]
    return Table("findings", "cross-page findings", ("rule", "finding", "contradicted by"), tuple(rows))
