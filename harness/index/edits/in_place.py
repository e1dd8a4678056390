"""Edits of single values in the text of a page: in the style that is there, and no other character touched."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from json import dumps

import yaml

from harness.index.claim import Claim
from harness.index.document import MappingNode, Node, ScalarNode, SequenceNode, parse_document
from harness.index.faults import Location
from harness.index.page import Form, Page
from harness.index.quantity import UNITS, parse_quantity, split_unit

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class EditError(Exception):
    """A value that cannot be rewritten where it stands; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Characters of the page from `start` to before `end`, and the text that takes their place."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Editable:
    """A page with the values of its model-index by their places, and how many of them stand at each span."""

    page: Page
    nodes: dict[Location, Node]
    spans: Counter[tuple[int, int]]


def editable(page: Page) -> Editable:
    """The page, read for editing. Raises PageError where its model-index is no YAML."""
    root, _ = parse_document(page)
    nodes = {node.where: node for node in _nodes(root)}
    return Editable(page, nodes, Counter(node.span for node in nodes.values() if isinstance(node, ScalarNode)))


def edits_of(values_of: Editable, claim: Claim, values: Sequence[str]) -> tuple[Edit, ...]:
    """The edits that make a claim declare `values`: one text, or the items of a list. Raises EditError."""
    page, spans = values_of.page, values_of.spans
    json = page.form is Form.JSON
    if claim.kind == "text":
        start = page.line_starts[claim.where.line - 1] + claim.where.column - 1
        return (Edit(start, start + len(claim.declared), values[0]),)
    node = values_of.nodes.get(claim.where)
    if isinstance(node, ScalarNode) and len(values) == 1:
        if spans[node.span] > 1:
            raise EditError("it is shared with another value, by an alias")
        # A unit that the key names is no part of what stands there.
        unit = claim.declared.removeprefix(node.raw)
        if not claim.declared.startswith(node.raw) or not values[0].endswith(unit):
            raise EditError("it is not declared in one place")
        value = values[0].removesuffix(unit)
        return (Edit(*node.span, _written_like(page.text[slice(*node.span)], node, value, json=json)),)
    if isinstance(node, SequenceNode):
        if ", ".join(item.raw for item in node.items if isinstance(item, ScalarNode)) != claim.declared:
            raise EditError("a part of it is inherited from the collection")
        if any(spans[item.span] > 1 for item in node.items if isinstance(item, ScalarNode)):
            raise EditError("it is shared with another list, by an alias")
        return tuple(_edits_of_list(page.text, node, values, json=json))
    raise EditError("it does not stand in the model-index as a value of its own")


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made. Raises EditError where two of them overlap and are not the same."""
    ordered = sorted(set(edits))
    for one, other in pairwise(ordered):
        if other.start < one.end or (one.start, one.end) == (other.start, other.end):
            raise EditError("two claims want the same place")
    for one in reversed(ordered):
        text = text[: one.start] + one.text + text[one.end :]
    return text


def in_style(declared: str, value: str, *, exact: bool) -> str:
    """A measured value as the page writes its own: unit, decimals or rounding step, exponent, separators.

    `exact` keeps every digit of the value, for a page whose rounding would be false.
    """
    old, new = parse_quantity(declared), parse_quantity(value)
    if old is None or new is None:
        return value
    number, behind = split_unit(declared)
    separator = next((mark for mark in ",_" if mark in number), "")
    mantissa, mark, exponent = number.partition("e" if "e" in number else "E")
    rounded = new.value if exact else (new.value / old.step).to_integral_value(ROUND_HALF_UP) * old.step
    rounded /= UNITS[old.unit][0]
    if mark and not exact:
        shift = rounded.adjusted()
        power = f"{abs(shift):0{len(exponent.lstrip('+-'))}d}"
        digits = _with_decimals(rounded.scaleb(-shift), len(mantissa.partition(".")[2]))
        shown = f"{digits}{mark}{'-' if shift < 0 else exponent[: exponent.startswith('+')]}{power}"
    else:
        decimals = len(mantissa.partition(".")[2])
        fewest = max(0, -int(rounded.normalize().as_tuple().exponent))
        shown = _with_decimals(rounded, fewest if exact or mark else decimals, separator)
    return shown + behind


def _with_decimals(value: Decimal, decimals: int, separator: str = "") -> str:
    shown = f"{value.quantize(Decimal(1).scaleb(-decimals)):{',' if separator else ''}f}"
    return shown.replace(",", separator)


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    children: Iterable[Node] = ()
    if isinstance(node, MappingNode):
        children = (value for _, value in node.entries.values())
    elif isinstance(node, SequenceNode):
        children = node.items
    for child in children:
        yield from _nodes(child)


def _written_like(source: str, node: ScalarNode, value: str, *, json: bool) -> str:
    """The value in the quotes that are there. Raises EditError for what is written in another way."""
    if json:
        return _json(value, quoted=not node.plain)
    if len(source) > 1 and source[0] == source[-1] == "'":
        return _quoted(value)
    if len(source) > 1 and source[0] == source[-1] == '"' and value.isprintable():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if node.plain and source == node.raw:
        return _plain(value)
    raise EditError("it is written with an anchor or a tag, or over several lines")


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _plain(value: str) -> str:
    """The value without quotes where YAML reads it so, else in single ones."""
    try:
        read = yaml.compose(f"[{value}]", Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return _quoted(value)
    return value if read and [item.value for item in read.value] == [value] else _quoted(value)


def _json(value: str, *, quoted: bool) -> str:
    """The value as JSON: in quotes, unless it stood without them and is a number still."""
    return value if not quoted and _JSON_NUMBER.fullmatch(value) else dumps(value, ensure_ascii=False)


def _edits_of_list(text: str, node: SequenceNode, values: Sequence[str], *, json: bool) -> Iterator[Edit]:
    items = [item for item in node.items if isinstance(item, ScalarNode)]
    if len(items) != len(node.items) or not items or not values:
        raise EditError("it is no list of texts, or none would be left")
    sources = [text[slice(*item.span)] for item in items]
    if any("\n" in source for source in sources):
        raise EditError("one of its items is written over several lines")
    if node.flow:
        yield from _edits_of_flow(text, items, values, json=json)
        return
    lines = [_line(text, item.span) for item in items]
    prefixes = [re.match(r"\s*-\s+", text[start:end]) for start, end in lines]
    if any(prefix is None for prefix in prefixes) or len(set(lines)) < len(lines):
        raise EditError("its items do not stand on lines of their own")
    kept = [number for number, item in enumerate(items) if item.raw in values]
    for number, (start, end) in enumerate(lines):
        if number not in kept:
            yield Edit(start, end, "")
    prefix = prefixes[0][0] if prefixes[0] else ""
    known = [item.raw for item in items]
    for before, added in _places(known, [value for value in values if value not in known]).items():
        newline = "\r\n" if text[lines[0][0] : lines[0][1]].endswith("\r\n") else "\n"
        place = lines[before][0] if before < len(lines) else lines[-1][1]
        yield Edit(place, place, "".join(f"{prefix}{_plain(value)}{newline}" for value in added))


def _edits_of_flow(text: str, items: Sequence[ScalarNode], values: Sequence[str], *, json: bool) -> Iterator[Edit]:
    start, end = items[0].span[0], items[-1].span[1]
    if "\n" in text[start:end]:
        raise EditError("it is written over several lines")
    known = {item.raw: text[slice(*item.span)] for item in items}
    listed = [raw for raw in known if raw in values]
    places = _places(listed, [value for value in values if value not in known])
    for before in sorted(places, reverse=True):
        listed[before:before] = places[before]
    fresh = [_json(value, quoted=True) if json else _plain(value) for value in listed]
    yield Edit(start, end, ", ".join(known.get(value, new) for value, new in zip(listed, fresh, strict=True)))


def _places(known: Sequence[str], added: Iterable[str]) -> dict[int, list[str]]:
    """Before which item each new one goes: by the alphabet where the list is in its order, else to the end."""
    ordered = list(known) == sorted(known, key=str.casefold)
    places: dict[int, list[str]] = {}
    for value in added:
        later = (number for number, item in enumerate(known) if item.casefold() > value.casefold())
        place = next(later, len(known)) if ordered else len(known)
        places.setdefault(place, []).append(value)
    return places


def _line(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """The whole line, its end included, that a span stands on."""
    end = text.find("\n", span[1])
    return text.rfind("\n", 0, span[0]) + 1, len(text) if end < 0 else end + 1
