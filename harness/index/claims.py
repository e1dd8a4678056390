"""An index and its prose to claims: one for every declared value, none left out."""

from collections.abc import Iterator

from harness.index import prose
from harness.index.claim import Claim
from harness.index.entries import Entry, Index, Value
from harness.index.faults import Location
from harness.index.prose import SYMBOLS


def claims(index: Index) -> tuple[Claim, ...]:
    """Every claim of the page: of the page itself, its prose, its collections, its models."""
    page = index.page.name

    def of(model: str | None, values: dict[str, Value]) -> Iterator[Claim]:
        for kind, value in values.items():
            yield Claim(page, model, kind, value.raw, value.where, value.items, value.comment)

    found = [*_of_prose(index), *of(None, index.values)]
    for name, collection in index.collections.items():
        found += of(None, collection.values)
        found += of(None, _without_heirs(index, name, collection))
    for name, model in index.models.items():
        found += of(name, model.values)
        for result in model.results:
            found += of(name, result.values)
        found += _calls(index, name)
    return tuple(found)


def _without_heirs(index: Index, name: str, collection: Entry) -> dict[str, Value]:
    """The metadata of a collection that became no model's: of one without models, or that every model overrides."""
    heirs = [model for model in index.models.values() if name in model.texts("in_collection")]
    return {
        f"collection_{kind}": value
        for kind, value in collection.common.items()
        if not any(_has(model, kind, value) for model in heirs)
    }


def _has(model: Entry, kind: str, value: Value) -> bool:
    """Whether a model inherited the value, or all items of the list that it is."""
    own = model.values.get(kind)
    return own is not None and (own.where == value.where or (bool(value.items) and {*value.items} <= {*own.items}))


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
