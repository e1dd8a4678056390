"""An index and its prose to claims: one for every declared value, none left out."""

from collections.abc import Iterator
from dataclasses import dataclass

from harness.index import prose
from harness.index.faults import Location
from harness.index.quantity import Quantity, parse_quantity
from harness.index.records import Index, Value

# What the symbols of a design space are called; the paper's own letters (arXiv 2003.13678, sections 3 and 5).
SYMBOLS = {
    "u_j": "block_width",
    "w_0": "initial_width",
    "w_a": "slope",
    "w_m": "width_multiplier",
    "j": "block_index",
    "b": "bottleneck_ratio",
    "d": "depth",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One declared value that can be true or false. `model` is None for a claim of the page or a collection."""

    page: str
    model: str | None
    kind: str
    declared: str
    where: Location
    items: tuple[str, ...] = ()

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


def claims(index: Index) -> tuple[Claim, ...]:
    """Every claim of the page: of the page itself, its prose, its collections, its models."""
    page = index.page.name

    def of(model: str | None, values: dict[str, Value]) -> Iterator[Claim]:
        for kind, value in values.items():
            yield Claim(page, model, kind, value.raw, value.where, value.items)

    found = [*_of_prose(index), *of(None, index.values)]
    for collection in index.collections.values():
        found += of(None, collection.values)
    for name, model in index.models.items():
        found += of(name, model.values)
        for result in model.results:
            found += of(name, result.values)
    return tuple(found)


def _of_prose(index: Index) -> Iterator[Claim]:
    page = index.page
    for statement in prose.relations(page):
        words = statement.text.replace("·", " ").split()
        kind = next((SYMBOLS[word] for word in words if word in SYMBOLS), "formula")
        yield Claim(page.name, None, kind, statement.text, statement.where)
    for statement in prose.named_blocks(page):
        yield Claim(page.name, None, "block", statement.text, statement.where)
    damages = list(prose.damaged_text(page))
    for damage in damages:
        yield Claim(page.name, None, "text", damage.found, damage.where, (damage.found, damage.mended))
    if not damages:
        lines = page.text.count("\n") + 1
        yield Claim(page.name, None, "text", f"{lines} lines", Location(page.name, 1, 1, "text"))
