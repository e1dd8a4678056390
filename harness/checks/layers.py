"""Layers: a usual way of counting the network's layers gives the declared number."""

from harness.checks.shared.subject import Need, Subject
from harness.checks.shared.witnesses import require_described_network
from harness.index.claim import Claim
from harness.measure.depth import depth
from harness.measure.operations import ForwardError
from harness.verdict import NotHereError, Verdict, failed, not_run, passed, properties

KINDS = ("layers",)
NEEDS = frozenset({Need.NETWORK})


def check(claim: Claim, subject: Subject) -> Verdict:
    """Count convolutions and linear layers. Only a number that no count can give is false."""
    declared = claim.quantity.value
    try:
        measured = depth(subject.network, subject.structure.input[-1])
    except ForwardError as error:
        raise NotHereError(f"the network's paths could not be followed: {error}", "count the layers by hand") from None
    counts = measured.counts
    method, evidence = "longest path", (properties("layers", "layers", counts),)
    for way, count in counts.items():
        if count == declared:
            reason = f"The number of layers: {way}."
            return passed(claim, reason=reason, measured=str(count), method=method, evidence=evidence)
    # Blocks and stages are counted as layers, too, and some libraries have layers for input, padding and reshaping.
    most = 2 * measured.operations
    if not 1 <= declared <= most:
        require_described_network(subject)
        usual = str(counts["longest path"])
        reason = (
            f"The network has {measured.operations} operations of all kinds, and no usual count of layers, which also "
            f"count padding and reshaping, is more than twice as many ({most})."
        )
        remedy = f"declare {usual}, the longest path"
        return failed(claim, reason=reason, measured=usual, method=method, remedy=remedy, evidence=evidence)
    named = "; ".join(f"{way}: {count}" for way, count in counts.items())
    reason = f"No usual count of layers gives this number: {named}. Counts of blocks or of all modules may."
    return not_run(claim, reason=reason, remedy="say what is counted", evidence=evidence)
