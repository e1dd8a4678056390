"""When FLOPs that no convention gives are false, whatever the other models of the page declare."""

from math import prod

from harness.checks.shared.flop_counts import Counts, sample_images, traces_of
from harness.checks.shared.lookup import image_sizes
from harness.checks.shared.sibling_counts import mistyped
from harness.checks.shared.subject import Subject
from harness.index.image_size import ImageSize
from harness.index.quantity import Quantity
from harness.measure.conventions import Count
from harness.measure.count_bounds import highest_count, lowest_count
from harness.measure.operations import Trace

_LONG, _NO_DETAIL, _DIGITS = 10**7, 10**4, frozenset("123456789")


def mistyped_count(declared: Quantity, subject: Subject, counted: Counts) -> Count | None:
    """The count that the number is, except for one digit, if there is no other reading of the two; otherwise None.

    Both have eight exact digits or more, which rules out chance. The digit is above the thousands, and the difference
    is not the cost of any single operation, which rules out a detail that another convention counts.
    """
    if declared.step >= _NO_DETAIL:
        return None
    for count in counted.tried.values():
        gap = abs(int(declared.value) - count.value)
        long = count.value >= _LONG and count.value % _NO_DETAIL
        one_digit = gap >= _NO_DETAIL and str(gap).rstrip("0") in _DIGITS and mistyped(declared.value, count.value)
        if long and one_digit and gap not in _costs(subject.trace):
            return count
    return None


def _costs(forward_pass: Trace) -> set[int]:
    """What a convention may count, or leave out, for one operation."""
    numbers = ((item.macs, item.biases, prod(item.output), *map(prod, item.inputs)) for item in forward_pass.operations)
    return {times * number for of_operation in numbers for number in of_operation for times in (1, 2)}


def sizes_in_use(subject: Subject) -> list[ImageSize]:
    """The sizes for which a page may have counted: those that it declares, and the network's own; smallest first."""
    sizes = {subject.input_size, *image_sizes(subject.index)}
    if side := subject.network.image_size:
        sizes.add(ImageSize(side, side))
    return sorted(sizes, key=lambda size: (size.height * size.width, size.height))


def explain_impossible(declared: Quantity, subject: Subject) -> str | None:
    """Why no convention can give the number, for any size in use; None if one could."""
    sizes, network = sizes_in_use(subject), subject.network
    smallest = traces_of(network, sizes[0], ())
    largest = traces_of(network, sizes[-1], sample_images(subject))
    lowest = lowest_count((*smallest.values(), subject.trace))
    highest = highest_count((*largest.values(), subject.trace))
    if lowest.value <= declared.value and (highest is None or declared.value <= highest):
        return None
    upper = "" if highest is None else f", and none more than {highest}"
    return (
        "No counting convention gives such a number for this network: none counts less than "
        f"{lowest.value} ({lowest.method}){upper}, at any image size that the page declares."
    )
