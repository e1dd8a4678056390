"""The counts of a network by named conventions, and those that give a declared number."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from harness.checks.shared.subject import Subject
from harness.index.image_size import ImageSize
from harness.index.quantity import Quantity
from harness.measure.conventions import CONVENTIONS, RARE_CONVENTIONS, Convention, Count, counts
from harness.measure.operations import ForwardError, Trace
from harness.measure.tracing import trace
from harness.zoo import Network
from harness.zoo.storage import StorageLimitError

# Name, width and height.
SampleImage = tuple[str, int, int]

# A convention and the image that it counts: the name of a sample image, or None for one of the declared size.
CountingRule = tuple[Convention, str | None]


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts that were tried, by rule, and the rules whose counts give the declared number.

    The first is that of multiply-adds at the declared size. Less usual rules were tried only if no other one matches.
    """

    tried: Mapping[CountingRule, Count]
    matching: tuple[CountingRule, ...]

    @property
    def macs(self) -> Count:
        """The multiply-adds at the declared size."""
        return next(iter(self.tried.values()))

    @property
    def conventions(self) -> int:
        """How many conventions were tried."""
        return len({convention for convention, _ in self.tried})

    @property
    def shown(self) -> tuple[Count, ...]:
        """The counts of the usual conventions, and those that give the declared number."""
        usual = [rule for rule in self.tried if rule[0] in CONVENTIONS or rule in self.matching]
        return tuple(self.tried[rule] for rule in usual)

    @property
    def matching_counts(self) -> tuple[Count, ...]:
        """The counts that give the declared number."""
        return tuple(self.tried[rule] for rule in self.matching)


def count_by_conventions(
    declared: Quantity, network: Network, forward_pass: Trace, images: Sequence[SampleImage]
) -> Counts:
    """Count by every convention until one gives the declared number.

    To the digit, or rounded to the declared step if the convention's numbers are published rounded. The zoo's sample
    images have their short side resized to that of the forward pass, and are not cropped.
    """
    tried = _counts({None: forward_pass}, CONVENTIONS)
    if exact := _exact(tried, declared):
        return Counts(tried, exact)
    traces = traces_of(network, ImageSize(*forward_pass.input[-2:]), images)
    tried = _counts(traces, CONVENTIONS)
    if matching := _exact(tried, declared) or _rounded(tried, declared):
        return Counts(tried, matching)
    tried |= _counts(traces, RARE_CONVENTIONS)
    return Counts(tried, _exact(tried, declared))


def count_by_rule(rule: CountingRule, network: Network, size: ImageSize, images: Sequence[SampleImage]) -> Count | None:
    """The count of one rule; None if the network does not take an image of that size."""
    convention, image = rule
    of_image = traces_of(network, size, images).get(image)
    return counts(of_image, (convention,))[0] if of_image else None


def traces_of(network: Network, size: ImageSize, images: Sequence[SampleImage]) -> dict[str | None, Trace]:
    """Forward passes by image: of one of this size, under None, and if it is square, of the sample images.

    Sizes that the network does not take, or that need too much memory, are left out.
    """
    traces: dict[str | None, Trace] = {}
    for image, height, width in ((None, size.height, size.width), *_resized(size.side, images)):
        with suppress(ForwardError, StorageLimitError):
            traces[image] = trace(network, height, width)
    return traces


def sample_images(subject: Subject) -> tuple[SampleImage, ...]:
    """The sample images of the zoo."""
    return tuple((image["name"], image["width"], image["height"]) for image in subject.references.sample_images)


def _counts(traces: Mapping[str | None, Trace], conventions: Sequence[Convention]) -> dict[CountingRule, Count]:
    return {
        (count.convention, image): count
        for image, of_image in traces.items()
        for count in counts(of_image, conventions)
    }


def _exact(tried: Mapping[CountingRule, Count], declared: Quantity) -> tuple[CountingRule, ...]:
    """The rules whose counts equal the declared number."""
    return tuple(rule for rule, count in tried.items() if count.value == declared.value)


def _rounded(tried: Mapping[CountingRule, Count], declared: Quantity) -> tuple[CountingRule, ...]:
    """The rules for the declared size that round to the declared number, if their numbers are published rounded."""
    return tuple(
        (convention, image)
        for (convention, image), count in tried.items()
        if image is None and convention.rounded and declared.covers(count.value)
    )


def _resized(side: int | None, images: Sequence[SampleImage]) -> Iterator[tuple[str, int, int]]:
    """Name, height and width of the sample images with a short side of `side`; none for None."""
    if side is None:
        return
    for name, width, height in images:
        short = min(width, height)
        yield name, int(side * height / short), int(side * width / short)
