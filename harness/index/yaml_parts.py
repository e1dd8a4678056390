"""The parts of a block that is not valid YAML, by indentation: its fields, and the entries of its lists.

A part that is not valid on its own can be emptied, so that the others can be read.
"""

import re
from collections.abc import Iterator, Sequence

_FIELD = re.compile(r"(?P<key> *(?P<quote>['\"]?)(?P<name>[A-Za-z][\w -]*)(?P=quote)[ \t]*):(?P<rest>[ \t\r].*)?")
_ITEM = re.compile(r" *-(?:[ \t\r].*)?")
_LISTS = {"models", "collections"}
_NAME = re.compile(
    r"^[ \t]*(?:-[ \t]+)?['\"]?name['\"]?[ \t]*:[ \t]*(?P<name>\S[^\r\n]{0,199}?)[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)

Span = tuple[int, int]


def yaml_parts(text: str) -> Iterator[Span]:
    """The span of each field from its colon, or of each entry of `Models:` and `Collections:` from its dash."""
    lines = _lines(text)
    used = [(start, line) for start, line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not used:
        return
    indent = _indent(used[0][1])
    if _ITEM.fullmatch(used[0][1]):
        yield from _items(lines, indent, len(text))
        return
    fields = [
        (number, match)
        for number, (_, line) in enumerate(lines)
        if (match := _FIELD.fullmatch(line)) and _indent(line) == indent
    ]
    ends = [number for number, _ in fields[1:]] + [len(lines)]
    for (number, match), last in zip(fields, ends, strict=False):
        end = lines[last][0] if last < len(lines) else len(text)
        rest = (match["rest"] or "").strip()
        items = lines[number + 1 : last]
        first = next((line for _, line in items if _ITEM.fullmatch(line)), None)
        if match["name"].casefold() in _LISTS and first is not None and (not rest or rest.startswith("#")):
            yield from _items(items, _indent(first), end)
        else:
            yield lines[number][0] + len(match["key"]), end


def name_in(text: str) -> str | None:
    """The text after the first `Name:` of an entry, or None."""
    match = _NAME.search(text)
    return match["name"].strip("'\"") if match else None


def emptied(text: str, part: Span) -> str:
    """The text without what a part holds: its colon or dash and its line breaks stay."""
    start, end = part
    return text[: start + 1] + re.sub(r"[^\n]", " ", text[start + 1 : end]) + text[end:]


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines with their starts."""
    lines, start = [], 0
    for line in text.split("\n"):
        lines.append((start, line))
        start += len(line) + 1
    return lines


def _items(lines: Sequence[tuple[int, str]], indent: int, end: int) -> Iterator[Span]:
    starts = [start + indent for start, line in lines if _ITEM.fullmatch(line) and _indent(line) == indent]
    yield from zip(starts, [*(start - indent for start in starts[1:]), end], strict=True)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
