"""Parameters: the exact count of learned values rounds to the declared value, at the declared step."""

from harness.checks.shared.difference import difference
from harness.checks.shared.subject import Need, Subject
from harness.index.claim import Claim
from harness.measure.checkpoint import inspect_checkpoint
from harness.measure.parameters import parameter_count
from harness.verdict import Verdict, errored, failed, passed, typed

KINDS = ("parameters",)
NEEDS = frozenset({Need.NETWORK, Need.WEIGHTS})
READS = ()


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count the network's learned values."""
    declared = claim.quantity
    exact = parameter_count(subject.network)
    evidence = {"exact count": exact, "declared to the nearest": f"{declared.step:f}"}
    published = subject.references.models.get(subject.name, {}).get("params")
    if published is not None:
        evidence["published count"] = published
    other = subject.second_network
    if other is not None:
        evidence[f"counted by {other.builder}"] = second = parameter_count(other)
        if second != exact:
            reason = f"The network has {exact} learned values, and as {other.builder} builds it {second}."
            return errored(
                claim,
                reason=reason,
                method="cross-check",
                remedy="one of the two is wrong: report it as a fault of the harness",
                evidence=typed(evidence),
            )
    file = subject.genuine_checkpoint
    found = inspect_checkpoint(file, subject.network) if file else None
    method = "count"
    if found and found.learned_values:
        evidence["learned values in the weights file"] = found.learned_values
        method = "count, in network and weights file"
        if found.learned_values != exact:
            reason = "The weights file holds another number of learned values than the network."
            gap, remedy = difference(exact, found.learned_values), "name the file that holds this model's weights"
            return failed(
                claim,
                reason=reason,
                measured=str(found.learned_values),
                difference=gap,
                method=method,
                remedy=remedy,
                evidence=typed(evidence),
            )
    if declared.covers(exact):
        reason = "The network's learned values, counted one by one, round to the declared number."
        return passed(claim, reason=reason, measured=str(exact), method=method, evidence=typed(evidence))
    return failed(
        claim,
        reason="The network has another number of learned values than declared.",
        measured=str(exact),
        difference=difference(declared.value, exact),
        method=method,
        remedy=f"declare {exact}, or round it",
        evidence=typed(evidence),
        correction=(str(exact),),
    )
