"""Whether the network that a name gives is the one that the page describes.

Names are resolved by libraries, and libraries err. A page's parameters, file size and FLOPs are independent witnesses:
if they agree with each other and all contradict the network, the name was resolved to another network.
"""

from decimal import Decimal

from harness.checks.shared.subject import Subject
from harness.index.quantity import Quantity
from harness.measure.conventions import multiply_adds
from harness.measure.parameters import parameter_count
from harness.verdict import NotHereError
from harness.zoo import is_resolved_by_library

# Two figures of one network agree within this factor.
_SAME = Decimal("1.1")
# Bytes of a file per parameter: half or single precision, and up to a tenth more for buffers, names and headers.
_BYTES = (Decimal(2), Decimal(4))
# The relative difference of two equal numbers of parameters; files hold a few more bytes.
_SAME_WEIGHTS = Decimal("0.02")
_SINGLE_PRECISION = 4
# Conventions give between 0.9 and 2.6 FLOPs per multiply-add: some leave out layers, some count two for each, and the
# zoo's sample photograph has 1.27 times the pixels of a square of its short side.
_FLOPS = (Decimal("0.9"), Decimal("2.6"))
# The zoo's pages of transformers have up to four FLOPs per multiply-add (`4*thop`).
_MOST_FLOPS = Decimal(4)


def require_described_network(subject: Subject) -> None:
    """Raise NotHereError if the page's own figures show that its name is resolved to another network."""
    if fault := resolution_fault(subject):
        raise fault


def resolution_fault(subject: Subject) -> NotHereError | None:
    """An error if the page's figures agree with each other and none fits the network; None otherwise.

    At least two figures are needed, one of them the parameters. A network that a second library also builds by this
    name is not in doubt; nor is one of the project's own builder or of a published design.
    """
    parameters, size, flops = (subject.entry.quantity(kind) for kind in ("parameters", "file_size", "flops"))
    if not is_resolved_by_library(subject.blueprint) or not parameters or not (size or flops) or parameters.value <= 0:
        return None
    count = parameter_count(subject.network)
    if _near(parameters.value, Decimal(count)):
        return None
    if size is not None and (_fits_size(size, Decimal(count)) or not _fits_size(size, parameters.value)):
        return None
    if flops is not None and not _scales_with(flops, parameters, subject, count):
        return None
    if any(parameter_count(other) == count for other in subject.other_networks):
        return None
    declared = [f"{parameters.raw} parameters"]
    declared += [f"a file of {size.raw} bytes"] if size else []
    declared += [f"{flops.raw} FLOPs"] if flops else []
    note = f" ({subject.network.note})" if subject.network.note else ""
    missing = (
        f"the network that {subject.network.builder} builds for {subject.name}{note} is another one: it has {count} "
        f"parameters, while the page's figures agree with each other ({', '.join(declared)})"
    )
    return NotHereError(missing, "name a builder of your own under [builders] in modelindex/verify.toml")


def has_declared_weights(subject: Subject) -> bool:
    """Whether the network has about as many parameters as the page declares, or as the declared bytes hold.

    If it has neither, it may be another network than the page describes.
    """
    parameters = parameter_count(subject.network)
    declared = (subject.entry.quantity("parameters"), 1), (subject.entry.quantity("file_size"), _SINGLE_PRECISION)
    near = [abs(one.value / unit - parameters) <= parameters * _SAME_WEIGHTS for one, unit in declared if one]
    return any(near) or not near


def _near(first: Decimal, second: Decimal) -> bool:
    return max(first, second) <= _SAME * min(first, second)


def _fits_size(size: Quantity, parameters: Decimal) -> bool:
    return any(width * parameters <= size.value * _SAME <= width * parameters * _SAME**2 for width in _BYTES)


def _scales_with(flops: Quantity, parameters: Quantity, subject: Subject, count: int) -> bool:
    """Whether the FLOPs contradict the network and fit one larger or smaller by the ratio of the parameters."""
    ratio = flops.value / multiply_adds(subject.trace.operations)
    low, high = _FLOPS
    scale = parameters.value / count
    return not low <= ratio <= high and low <= ratio / scale <= _MOST_FLOPS
