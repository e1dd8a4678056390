"""An index and its prose to claims: one for every declared value, none left out."""

from collections.abc import Iterator

from harness.index import prose
from harness.index.claim import Claim
from harness.index.faults import Location
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
        found += _calls(index, name)
    return tuple(found)


def _calls(index: Index, model: str) -> Iterator[Claim]:
    """The name that a page tells its reader to call `timm.create_model` with: timm's pages include that as a file."""
    for include in index.includes:
        if include.name == "code_snippets.md":
            where = Location(index.page.name, include.line, 1, "template")
            yield Claim(index.page.name, model, "create_model", model, where)


def _of_prose(index: Index) -> Iterator[Claim]:
    page = index.page
    for statement in prose.relations(page):
        words = statement.text.replace("·", " ").split()
        kind = next((SYMBOLS[word] for word in words if word in SYMBOLS), "formula")
        yield Claim(page.name, None, kind, statement.text, statement.where)
    for statement in prose.named_blocks(page):
        yield Claim(page.name, None, "block", statement.text, statement.where)
    for include in index.includes:
        yield Claim(page.name, None, "include", include.name, Location(page.name, include.line, 1, "template"))
    damages = list(prose.damaged_text(page))
    for damage in damages:
        yield Claim(page.name, None, "text", damage.text, damage.where)
    if not damages:
        yield Claim(page.name, None, "text", "text in UTF-8", Location(page.name, 1, 1, "text"))
