"""All claims of a page: one for every declared value and every checkable statement of its prose."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from harness.index import prose
from harness.index.claim import Claim, claim_of_value
from harness.index.entries import Entry, Index, Value
from harness.index.faults import Location
from harness.index.prose import SYMBOLS

# Each statement is measured in all models of the page. Statements after these are claims that no check reads.
_MAX_MEASURED = 200


def claims(index: Index) -> tuple[Claim, ...]:
    """Every claim of the page: what cannot be read, its prose, the page itself, its collections and its models."""
    heirs: dict[str, list[Entry]] = defaultdict(list)
    for model in index.models.values():
        for name in dict.fromkeys(model.texts("in_collection")):
            heirs[name].append(model)
    calls = prose.create_model_calls(index.page)
    return (
        *(claim_of_value(index.page.name, None, kind, value) for kind, value in index.unread),
        *(_of_prose(index) if index.page.text else ()),
        *_of_values(index, None, index.values),
        *(claim for name in index.collections for claim in _of_collection(index, name, heirs[name])),
        *(claim for name in index.models for claim in _of_model(index, name, calls)),
    )


def _of_values(index: Index, model: str | None, values: Mapping[str, Value]) -> Iterator[Claim]:
    return (claim_of_value(index.page.name, model, kind, value) for kind, value in values.items())


def _of_collection(index: Index, name: str, heirs: Sequence[Entry]) -> Iterator[Claim]:
    """The collection's own values, and its metadata that no model inherits or that has a fault."""
    collection = index.collections[name]
    yield from _of_values(index, None, collection.values)
    unused = {
        f"collection_{kind}": value
        for kind, value in collection.common.items()
        if value.fault or not any(_inherits(model, kind, value) for model in heirs)
    }
    yield from _of_values(index, None, unused)


def _inherits(model: Entry, kind: str, value: Value) -> bool:
    """Whether a model inherited the value, or all items of a list."""
    own = model.values.get(kind)
    return own is not None and (own.where == value.where or (bool(value.items) and {*value.items} <= {*own.items}))


def _of_model(index: Index, name: str, calls: Mapping[str | None, Location]) -> Iterator[Claim]:
    model = index.models[name]
    # An inherited fault is one claim of the page or collection, not one of each model.
    common = [index.collections[name].common for name in model.texts("in_collection") if name in index.collections]
    faults = {value.where for values in (index.values, *common) for value in values.values() if value.fault}
    own = {kind: value for kind, value in model.values.items() if value.where not in faults}
    for values in (own, *(result.values for result in model.results)):
        yield from _of_values(index, name, values)
    # Templates of timm's pages include a snippet that calls `timm.create_model` with the name of each model.
    snippets = (include.line for include in index.includes if include.name == "code_snippets.md")
    includes = (Location(index.page.name, line, 1, "template") for line in snippets)
    where = calls.get(name) or next(includes, None) or calls.get(None)
    if where:
        yield Claim(index.page.name, name, "create_model", name, where)


def _of_prose(index: Index) -> Iterator[Claim]:
    page = index.page
    for number, statement in enumerate(prose.relations(page)):
        words = statement.text.replace("·", " ").split() if number < _MAX_MEASURED else ()
        kind = next((SYMBOLS[word] for word in words if word in SYMBOLS), "formula")
        yield Claim(page.name, None, kind, statement.text, statement.where)
    for number, statement in enumerate(prose.named_blocks(page)):
        kind = "block" if number < _MAX_MEASURED else "further_block"
        yield Claim(page.name, None, kind, statement.text, statement.where)
    for include in index.includes:
        yield Claim(page.name, None, "include", include.name, Location(page.name, include.line, 1, "template"))
    damaged = list(prose.damaged_text(page))
    for statement in damaged:
        yield Claim(page.name, None, "text", statement.text, statement.where)
    if not damaged:
        yield Claim(page.name, None, "text", "text in UTF-8", Location(page.name, 1, 1, "text"))
