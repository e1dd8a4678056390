"""A claim: one declared value, and where it stands."""

from dataclasses import dataclass

from harness.index.faults import Location
from harness.index.quantity import Quantity, parse_quantity

ClaimKey = tuple[str | None, str, Location]


@dataclass(frozen=True, slots=True)
class Claim:
    """One declared value that can be true or false. `model` is None for a claim of the page or a collection.

    `comment` is the YAML comment behind the value on its line.
    """

    page: str
    model: str | None
    kind: str
    declared: str
    where: Location
    items: tuple[str, ...] = ()
    comment: str = ""

    @property
    def key(self) -> ClaimKey:
        """Model, kind and place, which no two claims share."""
        return self.model, self.kind, self.where

    @property
    def quantity(self) -> Quantity:
        """The declared number with its step. Raises ValueError where the claim is no number."""
        quantity = parse_quantity(self.declared)
        if quantity is None:
            raise ValueError(f"{self.where}: {self.kind} is no number: {self.declared!r}")
        return quantity

    @property
    def texts(self) -> tuple[str, ...]:
        """The declared texts: the items of a list, or the one text."""
        return self.items or (self.declared,)
