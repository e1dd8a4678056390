"""The lowest and the highest number that any counting convention of the field gives for a network."""

from collections.abc import Iterable
from math import prod

from harness.measure.conventions import CONVENTIONS, MOST_REPETITIONS, RARE_CONVENTIONS, Count, counts
from harness.measure.operations import Operation, Trace

# The most that a tool counts per element outside of products: thop, for bilinear upsampling. fvcore and mmcv count at
# most 5 and 2.
_MOST_PER_ELEMENT = 11


def lowest_count(traces: Iterable[Trace]) -> Count:
    """The lowest count of the named conventions.

    Tools that count calls, such as fvcore and torch's FlopCounterMode, count every convolution and linear layer. Tools
    that identify layers by their exact class leave out subclasses; of these, thop leaves out the most: its conventions
    count no subclasses, no activations and, in the lowest, neither norms nor the classifier.
    """
    every = (*CONVENTIONS, *RARE_CONVENTIONS)
    return min((count for trace in traces for count in counts(trace, every)), key=lambda count: count.value)


def highest_count(traces: Iterable[Trace]) -> int | None:
    """A number that no convention exceeds; None if the rules do not know every call of the network.

    Per multiply-add and per bias, it counts four: tools that count multiplications and additions give two, and thop
    counts each layer up to `MOST_REPETITIONS` times. For every other operation, it counts the most that any tool
    counts per element, for all elements that it reads and writes.
    """
    traces = tuple(traces)
    if any(trace.unknown_calls for trace in traces):
        return None
    return max(sum(map(_most, trace.operations)) for trace in traces)


def _most(operation: Operation) -> int:
    if operation.macs:
        return MOST_REPETITIONS * (operation.macs + operation.biases)
    return _MOST_PER_ELEMENT * (sum(map(prod, operation.inputs)) + prod(operation.output))
