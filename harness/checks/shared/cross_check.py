"""Counting the network of a second builder as well, with `--cross-check`."""

from collections.abc import Callable

from harness.checks.shared.subject import Subject
from harness.index.claim import Claim
from harness.verdict import Verdict, errored
from harness.zoo import Network


def cross_check(
    claim: Claim, subject: Subject, count: int, count_of: Callable[[Network], int], unit: str
) -> Verdict | None:
    """An `error` verdict if the second builder's network has another count; None otherwise."""
    other = subject.second_network
    if other is None or (second := count_of(other)) == count:
        return None
    reason = f"The network of {subject.network.builder} has {count} {unit}, but that of {other.builder} has {second}."
    remedy = "report this as a fault of the harness: one of the two networks is wrong"
    return errored(claim, reason=reason, method="cross-check", remedy=remedy)
