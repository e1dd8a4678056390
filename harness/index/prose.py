"""Checkable statements of a page outside its model-index: formulas, names of blocks, wrongly decoded text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.index.faults import Location
from harness.index.page import Page

# Names of the symbols of a design space, as in the paper (arXiv 2003.13678, sections 3 and 5).
SYMBOLS = {
    "u_j": "block_width",
    "w_0": "initial_width",
    "w_a": "slope",
    "w_m": "width_multiplier",
    "j": "block_index",
    "b": "bottleneck_ratio",
    "d": "depth",
}

_FORMULA = re.compile(r"\$\$(?P<display>[^$]+)\$\$|\$(?P<inline>[^$\n]+)\$")
_LATEX = {r"\cdot": "·", r"\leq": "≤", r"\le": "≤", r"\geq": "≥", r"\ge": "≥", r"\_": "_", r"\times": "×"}
_RELATION = re.compile(r"[=<>≤≥]")
# A name with hyphens, or the text of a link: `Squeeze-and-Excitation blocks`, `[Residual blocks](…)`.
_BLOCK = re.compile(
    r"\[(?P<linked>[\w -]{1,80}?) blocks?\]|(?<![\w-])(?P<hyphened>\w+(?:-\w+){1,5}) blocks?\b", re.IGNORECASE
)
_CREATE_MODEL = re.compile(r"timm\.create_model\(\s*(?P<quote>['\"])(?P<name>[\w./-]{1,200})(?P=quote)")
# The sentence by which timm's pages say that the call holds for each of their models.
_ANY_MODEL = re.compile(r"replace the model name with the variant you want", re.IGNORECASE)
_PUNCTUATION = ".,;:!?)]}\"'"
# Not \S+: a part of a wrongly decoded character can be a no-break space.
_WORD = re.compile(r"[^ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in plain characters, such as `12 ≤ d ≤ 28`, and its location."""

    text: str
    where: Location


def relations(page: Page) -> Iterator[Statement]:
    """The formulas of the prose that are relations: `u_j = w_0 + w_a·j`, `b = 1`, `12 ≤ d ≤ 28`."""
    for formula in _FORMULA.finditer(page.prose):
        group = "display" if formula["display"] else "inline"
        text = _plain(formula[group])
        if _RELATION.search(text):
            start = formula.start(group) + len(formula[group]) - len(formula[group].lstrip())
            yield Statement(text, page.place(start, "prose"))


def named_blocks(page: Page) -> Iterator[Statement]:
    """The kinds of blocks that the prose names."""
    for match in _BLOCK.finditer(page.prose):
        group = "linked" if match["linked"] else "hyphened"
        yield Statement(match[group], page.place(match.start(group), "prose"))


def create_model_calls(page: Page) -> dict[str | None, Location]:
    """The first `timm.create_model` call of each model name; under None the sentence that extends it to all models."""
    calls: dict[str | None, Location] = {}
    for match in _CREATE_MODEL.finditer(page.text):
        calls.setdefault(match["name"], page.place(match.start(), "prose"))
    sentence = _ANY_MODEL.search(page.prose)
    if calls and sentence:
        calls[None] = page.place(sentence.start(), "prose")
    return calls


def damaged_text(page: Page) -> Iterator[Statement]:
    """Every word of the page, model-index included, whose characters were decoded with the wrong encoding."""
    if page.text.isascii():
        return
    for match in _WORD.finditer(page.text):
        word = match[0].rstrip(_PUNCTUATION)
        if fix_encoding(word) != word:
            yield Statement(word, page.place(match.start(), "prose"))


def fix_encoding(text: str) -> str:
    """The text with wrongly decoded characters corrected (`DollÃ¡r` → `Dollár`); other text as it is."""
    if text.isascii():
        return text
    import ftfy

    return ftfy.fix_encoding(text)


def _plain(latex: str) -> str:
    for command, character in _LATEX.items():
        latex = latex.replace(command, character)
    latex = re.sub(r"[{}\s]", "", latex)
    return re.sub(r"([=<>≤≥+])", r" \1 ", latex)
