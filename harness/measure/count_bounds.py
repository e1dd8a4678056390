"""The lowest and the highest number that any counting convention of the field gives for a network."""

from collections.abc import Iterable
from math import prod

from harness.measure.conventions import CONVENTIONS, RARE_CONVENTIONS, Count, counts
from harness.measure.operations import Trace

# The most that a tool counts per element outside of products: thop, for bilinear upsampling. fvcore and mmcv count at
# most 5 and 2.
_MOST_PER_ELEMENT = 11


def lowest_count(traces: Iterable[Trace]) -> Count:
    """The lowest count of the named conventions.

    Among them are those of thop, which leave out whole layer types: what has not exactly torch's class, the
    classifier, norms and activations. No tool of the field leaves out more: fvcore, mmcv, ptflops and torch's
    FlopCounterMode count every convolution and every linear layer.
    """
    every = (*CONVENTIONS, *RARE_CONVENTIONS)
    return min((count for trace in traces for count in counts(trace, every)), key=lambda count: count.value)


def highest_count(traces: Iterable[Trace]) -> int | None:
    """A number that no convention exceeds; None if the rules do not know every call of the network.

    It is the larger of two. One counts everything: two per multiply-add and per bias, as tools do that count
    multiplications and additions, and for each other operation the most that any tool counts per element, for all
    elements that it reads and writes. The other is the highest named count: thop repeats its counts.
    """
    traces = tuple(traces)
    if any(trace.unknown_calls for trace in traces):
        return None
    named = max(count.value for trace in traces for count in counts(trace, (*CONVENTIONS, *RARE_CONVENTIONS)))
    return max(named, *map(_everything, traces))


def _everything(trace: Trace) -> int:
    return sum(
        2 * (operation.macs + operation.biases)
        + (0 if operation.macs else _MOST_PER_ELEMENT * (sum(map(prod, operation.inputs)) + prod(operation.output)))
        for operation in trace.operations
    )
