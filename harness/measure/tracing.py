"""Trace one forward pass of a network. Loads torch only when a network is traced."""

from dataclasses import replace
from functools import lru_cache

from harness.measure.operations import Operations, Trace, is_channel_scaling, is_global_average
from harness.zoo import Network

# A page's design-space checks trace each model once, and a model's claims three times. This size serves both without
# repeating a pass, and bounds memory for a zoo of hundreds of models.
_CACHED_TRACES = 64


@lru_cache(maxsize=_CACHED_TRACES)
def trace(network: Network, height: int, width: int) -> Trace:
    """The operations of one pass of a 3×height×width image. On `meta`, so no values are computed.

    Raises ForwardError if the network cannot process an image of this size, and StorageLimitError if it needs more
    real tensors than allowed.
    """
    from harness.measure.tracer import run_traced

    read = run_traced(network, (1, 3, height, width))
    return replace(read, operations=_mark_squeezes(read.operations))


def _mark_squeezes(operations: Operations) -> Operations:
    """Mark each global average whose result later scales channels: the squeeze of squeeze-and-excitation."""
    marked = list(operations)
    average: int | None = None
    for position, operation in enumerate(operations):
        if is_global_average(operation):
            average = position
        elif average is not None and is_channel_scaling(operation):
            marked[average] = replace(operations[average], kind="squeeze")
            average = None
    return tuple(marked)
