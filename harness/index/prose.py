"""What a page says outside its model-index: relations in its formulas, the blocks it names, damaged characters."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.index.faults import Location
from harness.index.page import Page

_FORMULA = re.compile(r"\$\$(?P<display>[^$]+)\$\$|\$(?P<inline>[^$\n]+)\$")
_LATEX = {r"\cdot": "·", r"\leq": "≤", r"\le": "≤", r"\geq": "≥", r"\ge": "≥", r"\_": "_", r"\times": "×"}
_RELATION = re.compile(r"[=<>≤≥]")
_BLOCK = re.compile(r"\[(?P<block>[\w -]+?) blocks?\]", re.IGNORECASE)
_PUNCTUATION = ".,;:!?)]}\"'"
# Not \S+: half of a wrongly decoded character can be a no-break space.
_WORD = re.compile(r"[^ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """Something the prose states, in plain characters (`12 ≤ d ≤ 28`), and where."""

    text: str
    where: Location


@dataclass(frozen=True, slots=True)
class Damage:
    """Wrongly decoded characters: the word as it stands, and as it was meant."""

    found: str
    mended: str
    where: Location


def relations(page: Page) -> Iterator[Statement]:
    """The formulas of the prose that relate something: `u_j = w_0 + w_a·j`, `b = 1`, `12 ≤ d ≤ 28`."""
    for formula in _FORMULA.finditer(page.prose):
        group = "display" if formula["display"] else "inline"
        text = _plain(formula[group])
        if _RELATION.search(text):
            start = formula.start(group) + len(formula[group]) - len(formula[group].lstrip())
            yield Statement(text, _location(page, start))


def named_blocks(page: Page) -> Iterator[Statement]:
    """The kinds of block that the prose says the models are built from."""
    for match in _BLOCK.finditer(page.prose):
        yield Statement(match["block"], _location(page, match.start("block")))


def damaged_text(page: Page) -> Iterator[Damage]:
    """Every word of the page, model-index included, whose characters were decoded wrongly."""
    if page.text.isascii():
        return
    import ftfy

    for match in _WORD.finditer(page.text):
        word = match[0].rstrip(_PUNCTUATION)
        mended = word if word.isascii() else ftfy.fix_encoding(word)
        if mended != word:
            yield Damage(word, mended, _location(page, match.start()))


def _plain(latex: str) -> str:
    for command, character in _LATEX.items():
        latex = latex.replace(command, character)
    latex = re.sub(r"[{}\s]", "", latex)
    return re.sub(r"([=<>≤≥+])", r" \1 ", latex)


def _location(page: Page, offset: int) -> Location:
    line = page.text.count("\n", 0, offset) + 1
    return Location(page.name, line, offset - page.text.rfind("\n", 0, offset), "prose")
