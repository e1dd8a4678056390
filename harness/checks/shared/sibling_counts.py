"""The count that a model's FLOPs would be if it were declared like those of the other models of its page."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from harness.checks.shared.flop_counts import (
    CountingRule,
    SampleImage,
    count_by_conventions,
    count_by_rule,
    sample_images,
)
from harness.checks.shared.lookup import names, positions
from harness.checks.shared.subject import Subject
from harness.index.claim import Claim
from harness.index.image_size import ImageSize
from harness.index.quantity import Quantity
from harness.measure.conventions import RARE_CONVENTIONS, Count
from harness.measure.operations import ForwardError, Trace
from harness.measure.tracing import trace
from harness.verdict import NotHereError
from harness.zoo import Blueprint, BuilderError, build
from harness.zoo.storage import StorageLimitError

_FEWEST = 2  # siblings with different numbers
_REACH = 16  # models before and after, so that a page of any length takes time in proportion to it
_MOST_KEPT = 4096  # models
# A number that is rounded to this or less is meant to be exact: final zeros happen.
_SMALLEST_ROUNDING = 1000


@dataclass(frozen=True, slots=True)
class SiblingCount:
    """What the one rule that explains the siblings gives for a model.

    `explained` are the declared numbers of the siblings that it explains, by model. `unexplained` are the siblings
    that no rule explains. `proves` says whether a declared number that no rule gives is therefore false.
    """

    rule: CountingRule
    count: Count
    explained: dict[str, str]
    unexplained: tuple[str, ...]
    proves: bool

    @property
    def name(self) -> str:
        """The convention, and the image that it counts."""
        convention, image = self.rule
        return f"{convention.name} for {f'the sample image {image}' if image else 'an image of the declared size'}"


@dataclass(frozen=True, slots=True)
class _Sibling:
    name: str
    declared: Quantity
    rules: tuple[CountingRule, ...]
    layers: frozenset[str]


def sibling_count(claim: Claim, subject: Subject) -> SiblingCount | None:
    """What the siblings say about a number that no rule gives; None if they have no rule in common.

    Siblings are the models around it on the page: those of its collection, or all if too few of those are explained.
    The number is proven false by the count of their rule if at least two siblings with different numbers, and more than
    are unexplained, follow the rule, none follows another one, and either
    - the number is the count with one mistyped digit, or
    - every class of layer with weights that the network has is in an explained sibling, so that the rule is known to
      fit it: it is unknown which classes a tool did not know.
    """
    page = list(_siblings(subject))
    collection = [
        sibling for sibling in page if subject.sibling(sibling.name).collection_name == subject.collection_name
    ]
    for siblings in (collection, page):
        if found := _compare(claim, subject, siblings):
            return found
    return None


def mistyped(declared: Decimal | int, expected: Decimal | int) -> bool:
    """Whether one digit is wrong, missing or too many, or two neighbours are exchanged."""
    wrong, right = str(int(declared)), str(int(expected))
    shorter, longer = sorted((wrong, right), key=len)
    if len(longer) - len(shorter) == 1:
        return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))
    if len(longer) != len(shorter):
        return False
    places = [place for place, pair in enumerate(zip(wrong, right, strict=True)) if len(set(pair)) > 1]
    first, last = (places[0], places[-1]) if places else (0, 0)
    return len(places) == 1 or (
        len(places) == 2 and last == first + 1 and wrong[first : last + 1] == right[first : last + 1][::-1]
    )


def _siblings(subject: Subject) -> Iterator[_Sibling]:
    """The other models around it on the page whose FLOPs can be counted."""
    position = positions(subject.index)[subject.name]
    for name in names(subject.index)[max(0, position - _REACH) : position + _REACH + 1]:
        sibling = subject.sibling(name)
        declared = sibling.entry.quantity("flops")
        if sibling.name == subject.name or declared is None:
            continue
        try:
            found = _explain(sibling.blueprint, sibling.input_size, declared, sample_images(subject))
        except (NotHereError, BuilderError):
            continue
        if found:
            yield _Sibling(sibling.name, declared, *found)


@lru_cache(_MOST_KEPT)
def _explain(
    blueprint: Blueprint, size: ImageSize, declared: Quantity, images: tuple[SampleImage, ...]
) -> tuple[tuple[CountingRule, ...], frozenset[str]] | None:
    """The rules that give a model's number, and the classes of its layers; None for a size that it does not take.

    Kept, because every model of a page asks for all others.
    """
    network = build(blueprint)
    try:
        forward_pass = trace(network, size.height, size.width)
    except (ForwardError, StorageLimitError):
        return None
    return count_by_conventions(declared, network, forward_pass, images).matching, _layers(forward_pass)


def _layers(forward_pass: Trace) -> frozenset[str]:
    """The classes of the layers that a convention may not know."""
    return frozenset(
        operation.place.module
        for operation in forward_pass.operations
        if operation.macs or operation.kind.endswith(" norm")
    )


def _compare(claim: Claim, subject: Subject, siblings: list[_Sibling]) -> SiblingCount | None:
    declared, network, size = claim.quantity, subject.network, subject.input_size
    explained = [sibling for sibling in siblings if sibling.rules]
    unexplained = tuple(sibling.name for sibling in siblings if not sibling.rules)
    enough = len({sibling.declared.value for sibling in explained}) >= _FEWEST
    if not enough or len(explained) <= len(unexplained):
        return None
    common = [rule for rule in explained[0].rules if all(rule in sibling.rules for sibling in explained)]
    common = common or _repetitions(explained)
    counted = {rule: count_by_rule(rule, network, size, sample_images(subject)) for rule in common}
    given = {rule: count for rule, count in counted.items() if count is not None}
    if not given:
        return None
    typos = [rule for rule, count in given.items() if mistyped(declared.value, _in_steps(count.value, declared))]
    known = _layers(subject.trace) <= frozenset[str]().union(*(sibling.layers for sibling in explained))
    one_value = len({count.value for count in given.values()}) == 1
    rule = (typos or list(given))[0]
    return SiblingCount(
        rule,
        given[rule],
        {sibling.name: sibling.declared.raw for sibling in explained},
        unexplained,
        proves=_differ(declared, given[rule]) and (bool(typos) or (known and one_value)),
    )


def _repetitions(explained: list[_Sibling]) -> list[CountingRule]:
    """All repetitions of a convention that explains all siblings, each with its own number of repetitions."""
    families = [
        {(convention.base or convention, image) for convention, image in sibling.rules} for sibling in explained
    ]
    shared = set.intersection(*families)
    repeated = [convention for convention in RARE_CONVENTIONS if convention.base]
    return [
        (convention, image)
        for base, image in sorted(shared, key=lambda rule: rule[0].name)
        for convention in (base, *(convention for convention in repeated if convention.base == base))
    ]


def _in_steps(value: int, declared: Quantity) -> int:
    """The value at the declared precision."""
    step = max(int(declared.step), 1) if declared.step >= _SMALLEST_ROUNDING else 1
    return round(value / step) * step if step > 1 else value


def _differ(declared: Quantity, count: Count) -> bool:
    """Whether the number is not the count, not even rounded or cut off."""
    gap = abs(declared.value - count.value)
    return gap >= declared.step if declared.step >= _SMALLEST_ROUNDING else bool(gap)
