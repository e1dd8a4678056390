"""Counters of single operations and of short sequences in a forward pass."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import prod

from harness.measure.components.component import Counter
from harness.measure.operations import Operation, Operations, Trace, is_channel_scaling, is_global_average


def count(matches: Callable[[Operation], bool]) -> Counter:
    """How many operations match."""
    return lambda trace: sum(map(matches, trace.operations))


def kinds(*names: str) -> Counter:
    """How many operations are of one of the kinds."""
    return count(lambda operation: operation.kind in names)


def layers(*class_names: str) -> Counter:
    """How many layers are of a class with one of the names: the witness where operations do not tell blocks apart."""
    return lambda trace: len(
        {operation.place.layer for operation in trace.operations if class_name(operation) in class_names}
    )


def class_name(operation: Operation) -> str:
    """The name of the class whose forward pass the operation belongs to, without its module."""
    return operation.place.module.rpartition(".")[2]


def of_class_or_kind(part_of_name: str, *names: str) -> Counter:
    """How many operations are of one of the kinds, or of a class whose name contains the text."""
    return count(lambda operation: operation.kind in names or part_of_name in class_name(operation))


def for_training(*parts_of_name: str) -> Counter:
    """How many attributes that matter only in training have a name that contains one of the texts."""
    return lambda trace: sum(any(part in name.casefold() for part in parts_of_name) for name in trace.for_training)


def never(_: Trace) -> int:
    """A forward pass never shows it."""
    return 0


def always(_: Trace) -> int:
    """A forward pass never excludes it."""
    return 1


def is_convolution(operation: Operation) -> bool:
    """Whether the operation is a convolution that is not transposed."""
    return operation.kind == "convolution"


def is_pointwise(operation: Operation) -> bool:
    """Whether the operation is a convolution with a 1×1 kernel."""
    return is_convolution(operation) and prod(operation.kernel) == 1


def is_pointwise_or_linear(operation: Operation) -> bool:
    """Whether the operation is a 1×1 convolution, or a linear layer for each position, which computes the same."""
    linear = operation.kind in {"linear", "matrix product"} and len(operation.output) > 2
    return linear or is_pointwise(operation)


def is_grouped(operation: Operation) -> bool:
    """Whether the operation is a convolution with more than one group."""
    return is_convolution(operation) and operation.groups > 1


def is_depthwise(operation: Operation) -> bool:
    """Whether the operation is a convolution with one group per channel."""
    return is_grouped(operation) and operation.groups == operation.inputs[0][1]


def is_average(operation: Operation) -> bool:
    """Whether the operation averages positions."""
    return operation.kind in {"average pooling", "adaptive average pooling"} or is_global_average(operation)


def is_last_average(operation: Operation) -> bool:
    """Whether the operation averages over all positions, in any form."""
    whole = operation.kind == "average pooling" and len(operation.output) == 4 and operation.output[2:] == (1, 1)
    return is_global_average(operation) or whole


def fully_connected_layers(trace: Trace) -> int:
    """Linear layers, and convolutions that compute the same for a whole image or for the class scores."""
    return sum(
        operation.kind in {"linear", "matrix product"}
        or (covers_input(operation) and prod(operation.kernel) > 1)
        or (is_pointwise(operation) and operation.output[:2] == trace.output)
        for operation in trace.operations
    )


def covers_input(operation: Operation) -> bool:
    """Whether the operation is a convolution without groups whose kernel is as large as its input."""
    return is_convolution(operation) and operation.groups == 1 and operation.kernel == operation.inputs[0][2:]


def is_shortcut(operation: Operation) -> bool:
    """Two tensors of the same shape added."""
    return operation.kind == "add" and len(operation.inputs) == 2 and len(set(operation.inputs)) == 1


def is_blur(operation: Operation) -> bool:
    """A depthwise convolution in a layer with this name; layers with other names may blur too."""
    return is_depthwise(operation) and any(name in class_name(operation) for name in ("BlurPool", "AntiAlias"))


def batch_norms(trace: Trace) -> int:
    """Batch norms of activations: all but those that standardize weights."""
    return kinds("batch norm")(trace) - standardized_convolutions(trace)


def is_map_sigmoid(operation: Operation) -> bool:
    """A sigmoid, or what it can be composed of, on more values than one for each channel: no gate."""
    composing = operation.kind in {"sigmoid", "exp", "tanh"}
    return composing and prod(operation.output) > max(operation.output, default=1)


def swishes(trace: Trace) -> int:
    """One call, or a sigmoid whose result multiplies its own input."""
    composed = sum(
        first.kind == "sigmoid" and second.kind == "multiply" and set(second.inputs) == {first.output}
        for first, second in pairwise(trace.operations)
    )
    return composed + kinds("SiLU")(trace)


def separable_convolutions(trace: Trace) -> int:
    """A depthwise convolution, and a 1×1 one as the next convolution of an image."""
    return sum(is_depthwise(first) and is_pointwise(second) for first, second in pairwise(of_images(trace.operations)))


def inverted_residuals(trace: Trace) -> int:
    """A 1×1 convolution to more channels, a depthwise one, and a 1×1 one to fewer."""
    convolutions = of_images(trace.operations)
    return sum(
        is_pointwise(first)
        and first.output[1] > first.inputs[0][1]
        and is_depthwise(second)
        and is_pointwise(third)
        and third.output[1] < third.inputs[0][1]
        for first, second, third in zip(convolutions, convolutions[1:], convolutions[2:], strict=False)
    )


def of_images(operations: Operations) -> list[Operation]:
    """The convolutions, without those of 1×1 images: gates and classifiers."""
    return [operation for operation in operations if is_convolution(operation) and prod(operation.inputs[0][2:]) > 1]


def dense_layers(trace: Trace) -> int:
    """Concatenations of everything that the previous concatenation joined, and one more tensor."""
    concatenations = [operation for operation in trace.operations if operation.kind == "concatenation"]
    return sum(second.inputs[:-1] in {first.inputs, (first.output,)} for first, second in pairwise(concatenations))


def gates(trace: Trace) -> Iterator[Operations]:
    """For each image that is multiplied by a gate computed from its averages: the operations from the averages on."""
    start: int | None = None
    for position, operation in enumerate(trace.operations):
        if operation.kind == "squeeze" or is_global_average(operation):
            start = position
        elif start is not None and _applies_gate(operation, trace.operations[start]):
            yield trace.operations[start : position + 1]
            start = None


def _applies_gate(operation: Operation, average: Operation) -> bool:
    """Whether channels are scaled, by one number each or, in the layer of the average, by a map of the same shape."""
    expanded = operation.kind == "multiply" and operation.inputs == (average.inputs[0],) * 2
    return is_channel_scaling(operation) or (expanded and is_within(average.place.layer, operation.place.layer))


def is_within(layer: str, enclosing: str) -> bool:
    """Whether a layer is another one, or a part of it."""
    return not enclosing or layer == enclosing or layer.startswith(f"{enclosing}.")


def squeeze_and_excitations(trace: Trace) -> int:
    """Gates without one-dimensional convolutions."""
    return sum(not _has_channel_convolution(gate) for gate in gates(trace))


def channel_attentions(trace: Trace) -> int:
    """Gates with a one-dimensional convolution over the channels (ECA-Net, arXiv 1910.03151)."""
    return sum(map(_has_channel_convolution, gates(trace)))


def _has_channel_convolution(gate: Operations) -> bool:
    return any(is_convolution(operation) and len(operation.kernel) == 1 for operation in gate)


def standardized_convolutions(trace: Trace) -> int:
    """Convolutions whose weights a batch norm standardizes in the same layer (arXiv 1903.10520)."""
    return sum(
        first.kind == "batch norm"
        and len(first.inputs[0]) == 3
        and is_convolution(second)
        and first.place.module == second.place.module
        for first, second in pairwise(trace.operations)
    )


def activated_norms(trace: Trace) -> int:
    """Batch norms that an activation follows directly."""
    activations = {"ReLU", "leaky ReLU", "ELU"}
    return sum(
        first.kind == "batch norm" and second.kind in activations for first, second in pairwise(trace.operations)
    )


def class_scores(trace: Trace) -> int:
    """1 if the network returns one vector for an image."""
    return int(len(trace.output) == 2)
