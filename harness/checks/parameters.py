"""Parameters: the exact count of learned values rounds to the declared value, at the declared step."""

from harness.checks.difference import difference
from harness.checks.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.parameters import parameter_count
from harness.verdict import Status, Verdict

KINDS = ("parameters",)
NEEDS = frozenset({Need.NETWORK})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count the network's learned values."""
    declared = claim.quantity
    exact = parameter_count(subject.network)
    evidence = {"exact count": exact, "declared to the nearest": f"{declared.step:f}"}
    published = subject.references.models.get(subject.name, {}).get("params")
    if published is not None:
        evidence["published count"] = published
    if declared.covers(exact):
        reason = "The network's learned values, counted one by one, round to the declared number."
        return Verdict(claim, Status.PASS, reason, str(exact), None, "count", evidence=evidence)
    return Verdict(
        claim,
        Status.FAIL,
        "The network has another number of learned values than declared.",
        str(exact),
        difference(declared.value, exact),
        "count",
        f"declare {exact}, or round it",
        evidence,
    )
