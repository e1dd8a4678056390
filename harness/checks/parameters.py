"""Parameters: the exact number of parameters rounds to the declared number."""

from harness.checks.shared.comparison import cross_check, decide, difference
from harness.checks.shared.subject import Need, Subject
from harness.checks.shared.witnesses import require_described_network
from harness.index.claim import Claim
from harness.measure.checkpoint import inspect_checkpoint
from harness.measure.parameters import parameter_count
from harness.verdict import Verdict, explained, fact, failed

KINDS = ("parameters",)
NEEDS = frozenset({Need.NETWORK, Need.WEIGHTS})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count the parameters of the network, and of the weights file if it is verified."""
    declared, exact = claim.quantity, parameter_count(subject.network)
    if error := cross_check(claim, subject, exact, parameter_count, "parameters"):
        return error
    evidence = [
        fact("exact_count", "exact count", exact),
        fact("declared_step", "declared to the nearest", f"{declared.step:f}"),
    ]
    published = subject.references.models.get(subject.name, {}).get("params")
    if published is not None:
        evidence.append(fact("published_count", "published count", published))
    if other := subject.second_network:
        evidence.append(fact("second_count", f"counted by {other.builder}", exact))
    file = subject.local_weights.verified
    in_file = inspect_checkpoint(file, subject.network).learned_values if file else 0
    method = "count"
    if in_file:
        evidence.append(fact("learned_values_in_file", "parameters in the weights file", in_file))
        method = "count, in network and weights file"
        if in_file != exact:
            return failed(
                claim,
                reason=f"The weights file has {in_file} parameters, the network {exact}.",
                measured=str(in_file),
                difference=difference(exact, in_file),
                method=method,
                remedy="name the file that holds this model's weights",
                evidence=evidence,
            )
    meant = declared.before_float
    if meant and meant.covers(exact) and not declared.covers(exact):
        reason = (
            f"The network's number of parameters rounds to {meant.value:f}. The declared number is the integer part of "
            "the same number computed in binary floating point, which is one too low."
        )
        return explained(
            claim,
            reason=reason,
            measured=str(exact),
            difference=difference(declared.value, exact),
            method=method,
            remedy=f"declare {meant.value:f}, or {exact}",
            evidence=evidence,
            correction=(f"{meant.value:f}",),
        )
    if not declared.covers(exact):
        require_described_network(subject)
    return decide(
        claim,
        declared.covers(exact),
        match="The network's number of parameters rounds to the declared number.",
        mismatch="The network's number of parameters does not round to the declared number.",
        measured=str(exact),
        difference=difference(declared.value, exact),
        method=method,
        remedy=f"declare {exact}, or round it",
        evidence=evidence,
        correction=(str(exact),),
    )
