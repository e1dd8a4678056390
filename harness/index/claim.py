"""A claim: one declared value and its location."""

from dataclasses import dataclass, field

from harness.index.entries import Value
from harness.index.faults import Fault, Location
from harness.index.quantity import Quantity, parse_quantity

ClaimKey = tuple[str | None, str, Location]


@dataclass(frozen=True, slots=True)
class Claim:
    """One declared value that can be true or false. `model` is None for a claim of the page or a collection.

    `comment` is the YAML comment after the value on its line. `number` is the declared number, None for other texts.
    A claim with a fault cannot be read, or is false by its form.
    """

    page: str
    model: str | None
    kind: str
    declared: str
    where: Location
    items: tuple[str, ...] = ()
    comment: str = ""
    number: Quantity | None = field(default=None, compare=False)
    fault: Fault | None = field(default=None, compare=False)

    @property
    def key(self) -> ClaimKey:
        """Model, kind and location, which no two claims share."""
        return self.model, self.kind, self.where

    @property
    def hides_others(self) -> bool:
        """Whether it stands for a part of a page that cannot be read, so that claims may be missing."""
        return self.model is None and self.fault is not None and not self.fault.is_false

    @property
    def quantity(self) -> Quantity:
        """The declared number with its step. Raises ValueError if the claim is not a number."""
        if self.number is None:
            raise ValueError(f"{self.where}: expected a number for {self.kind}, got {self.declared!r}")
        return self.number

    @property
    def texts(self) -> tuple[str, ...]:
        """The declared texts: the items of a list, or the one text."""
        return self.items or (self.declared,)


def claim_of_value(page: str, model: str | None, kind: str, value: Value) -> Claim:
    """The claim that a declared value makes."""
    number = parse_quantity(value.raw) if value.fault and value.fault.is_false else value.quantity
    return Claim(page, model, kind, value.raw, value.where, value.items, value.comment, number, value.fault)


def claim_of_text(page: str, model: str | None, kind: str, declared: str, where: Location) -> Claim:
    """The claim of a declared text, such as one read back from a report."""
    return Claim(page, model, kind, declared, where, number=parse_quantity(declared))
