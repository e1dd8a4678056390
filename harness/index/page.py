"""A page's text, and the blocks of its model-index: HTML comments, the front matter, or the whole file."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from pathlib import Path, PurePosixPath

from harness.index.faults import Fault, Location, PageError
from harness.system.files import leads_inside, read_file

MOST_BYTES = 1024 * 1024
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)")
_TYPE = r"['\"]?type['\"]?\s*:\s*['\"]?model-?index\b"
_IS_INDEX = re.compile(rf"(?:^[ \t]*|<!--\s*){_TYPE}", re.IGNORECASE | re.MULTILINE)
# As in paperswithcode/model-index (modelindex/utils.py, commit 35192ab): comments with these keys, if none has a type.
_MAY_BE_INDEX = re.compile(r"(?:^|<!--[ \t]*)['\"]?(?:models|collections|name)['\"]?\s*:", re.IGNORECASE | re.MULTILINE)
_CLOSING_LINE = re.compile(r"^[ \t]*-->(?=[ \t]*\r?$)", re.MULTILINE)
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?P<block>.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_FRONT_INDEX = re.compile(
    rf"^(?:{_TYPE}|['\"]?(?:models|collections|import|model-index)['\"]?\s*:)", re.IGNORECASE | re.MULTILINE
)
# Keys that make an unnamed file a page; case matters, because other formats have keys called `models` too.
_SAYS_INDEX = re.compile(rf"^(?:(?i:{_TYPE})|['\"]?(?:Models|Collections|Import|model-index)['\"]?\s*:)", re.MULTILINE)
_SAYS_INDEX_IN_JSON = re.compile(rf'"(?:Models|Collections|Import|model-index)"\s*:|(?i:{_TYPE})')


class Form(Enum):
    """Where a page holds its model-index."""

    COMMENT = "comment"
    FRONT_MATTER = "front matter"
    YAML = "YAML"
    JSON = "JSON"


FORMS = {".yml": Form.YAML, ".yaml": Form.YAML, ".json": Form.JSON}
SUFFIXES = frozenset({".md", ".mdx", *FORMS})


@dataclass(frozen=True, slots=True)
class Block:
    """The YAML or JSON text of a model-index, and its start in the text of the page.

    `span` is the start and end of the block with its delimiters.
    """

    text: str
    start: int
    span: tuple[int, int]

    @property
    def end(self) -> int:
        """The end of the text in the page."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Parts:
    """The text of a page before its model-index, the index with its delimiters, and the text after it.

    Of several blocks, the index reaches from the first to the last.
    """

    before: str
    index: str
    after: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page's name (as verdicts show it), its text, and the blocks of its model-index.

    `template` is the text with the blocks blanked out, empty if the page is not a template; `prose` also has fenced
    code blanked out. Offsets are the same in all of them. `faults` are those of blocks that cannot be found; a page
    without blocks cannot be read.
    """

    name: str
    text: str
    form: Form
    blocks: tuple[Block, ...]
    template: str
    prose: str
    line_starts: tuple[int, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def is_template(self) -> bool:
        """Whether the page contains template statements or expressions."""
        return "{%" in self.template or "{{" in self.template

    @property
    def parts(self) -> Parts:
        """The text before, of and after the model-index."""
        start, end = self.blocks[0].span[0], self.blocks[-1].span[1]
        return Parts(self.text[:start], self.text[start:end], self.text[end:])

    def block_at(self, offset: int) -> Block:
        """The block that holds a character of the text."""
        return next(block for block in self.blocks if block.start <= offset <= block.end)

    def place(self, offset: int, path: str = "") -> Location:
        """The location of a character of the text. Lines end at line feeds, as in editors."""
        line = bisect_right(self.line_starts, offset)
        return Location(self.name, line, offset - self.line_starts[line - 1] + 1, path)


def read_page(path: Path, name: str, root: Path | None = None) -> Page:
    """Read the page at `path`, which must be below `root`, if given, with all links followed.

    Raises PageError if it cannot be read or holds no model-index.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise _error(name, "a file name in UTF-8", "other bytes", "rename the page") from None
    require_page_inside(path, name, root)
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise _error(name, "a file", "a folder or device", "name the page itself")
        if size > MOST_BYTES:
            fix = "split the page, one model family per page"
            raise _error(name, f"a page of at most {MOST_BYTES} bytes", f"{size} bytes", fix)
        data = read_file(path, MOST_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _error(name, "a page that can be read", reason.lower(), "check the path and its permissions") from None
    return page_from_bytes(data, name)


def require_page_inside(path: Path, name: str, root: Path | None) -> None:
    """Raises PageError if `path`, with all links followed, is not below `root`, if given."""
    if root is not None and not leads_inside(path, root):
        fix = "move the page into the project, or name it on the command line"
        raise _error(name, "a page inside the project", "a path or link that leads out of it", fix)


def page_from_bytes(data: bytes, name: str) -> Page:
    """The page in the bytes of a file. Raises PageError if they hold none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        found = f"byte 0x{data[error.start]:02x}"
        raise _error(name, "text in UTF-8", found, "save the page as UTF-8", (line, column)) from None
    return page_from_text(text, name)


def page_from_text(text: str, name: str) -> Page:
    """The page in a text. The suffix of the name says whether it is Markdown, YAML or JSON.

    Raises PageError if Markdown holds no model-index. YAML and JSON files are checked when parsed.
    """
    if not text.strip():
        raise _error(name, "a page with a model-index", "an empty file", _HOW_TO_START)
    line_starts = (0, *accumulate(len(line) + 1 for line in text.split("\n")))
    form = form_of(name)
    if form is not None:
        return Page(name, text, form, (Block(text, 0, (0, len(text))),), "", "", line_starts)
    outside_code = without_code(text)
    front, comments = _front_matter(text), list(_comments(outside_code))
    faults = []
    if comments and comments[-1][1] < 0:
        start, _ = comments.pop()
        if _IS_INDEX.search(text, start) or not (front or comments):
            fix = "close the comment"
            faults.append(_fault(name, "'-->' at the end of the comment", "none", fix, _place(text, start)))
    blocks = (*front, *_comment_blocks(text, comments, (_IS_INDEX,) if front else (_IS_INDEX, _MAY_BE_INDEX)))
    if not blocks:
        raise PageError(faults or [_fault(name, "a model-index", "none", _HOW_TO_START)])
    faults += _early_ends(outside_code, comments, blocks, name)
    # Model cards are not rendered, and MDX uses braces itself.
    is_template = not front and not name.casefold().endswith(".mdx")
    return Page(
        name,
        text,
        Form.FRONT_MATTER if front else Form.COMMENT,
        blocks,
        _blanked(text, blocks) if is_template else "",
        _blanked(outside_code, blocks),
        line_starts,
        tuple(faults),
    )


def unreadable_page(name: str, error: PageError) -> Page:
    """A page without text and blocks, with the faults of the error."""
    return Page(name, "", Form.COMMENT, (), "", "", (0,), error.faults)


def form_of(name: str) -> Form | None:
    """The form that the suffix of a file name means; None for Markdown."""
    return FORMS.get(PurePosixPath(name).suffix.casefold())


def says_index(text: str, name: str) -> bool:
    """Whether a file looks like a page. A quick check; parsing decides."""
    form = form_of(name)
    if form is not None:
        return bool((_SAYS_INDEX_IN_JSON if form is Form.JSON else _SAYS_INDEX).search(text))
    front = _FRONT_MATTER.match(text)
    if front and _SAYS_INDEX.search(front["block"]):
        return True
    if "<!--" not in text or "index" not in text:
        return False
    comments = _comments(without_code(text))
    return any(_IS_INDEX.search(text, start, end) for start, end in comments if end >= 0)


def _front_matter(text: str) -> tuple[Block, ...]:
    """The front matter, if it holds a model-index."""
    front = _FRONT_MATTER.match(text)
    if front is None or not _FRONT_INDEX.search(front["block"]):
        return ()
    return (Block(front["block"], front.start("block"), front.span()),)


def _comment_blocks(
    text: str, comments: Sequence[tuple[int, int]], patterns: Iterable[re.Pattern[str]]
) -> Iterator[Block]:
    """The comments that match the first pattern that any of them matches."""
    for pattern in patterns:
        found = [(start, end) for start, end in comments if pattern.search(text, start, end)]
        for start, end in found:
            inner = text[start + len("<!--") : end].lstrip(" \t")
            yield Block(inner, end - len(inner), (start, end + len("-->")))
        if found:
            return


def _early_ends(text: str, comments: Sequence[tuple[int, int]], blocks: Sequence[Block], name: str) -> Iterator[Fault]:
    """A fault for each comment with a model-index that ends before the line `-->` that was meant to end it."""
    closing = [line.end() - len("-->") for line in _CLOSING_LINE.finditer(text)]
    stray = sorted({*closing} - {end for _, end in comments})
    for block in blocks:
        following = bisect_right(stray, block.end)
        opening = text.find("<!--", block.end)
        if following < len(stray) and (opening < 0 or stray[following] < opening):
            found, fix = "'-->' inside it", "write the value without '-->'"
            yield _fault(name, "a model-index up to the last '-->'", found, fix, _place(text, block.end))


def _comments(text: str) -> Iterator[tuple[int, int]]:
    """The start of each comment and of its `-->`; -1 for the end of an unclosed comment, which is the last."""
    end = 0
    while (start := text.find("<!--", end)) >= 0:
        end = text.find("-->", start + len("<!--"))
        yield start, end
        if end < 0:
            return


def without_code(text: str) -> str:
    """The text with fenced code blanked out. An unclosed fence is text."""
    lines = text.split("\n")
    opened: tuple[int, str] | None = None
    for number, line in enumerate(lines):
        fence = _FENCE.fullmatch(line.rstrip("\r"))
        if fence and opened is None:
            opened = number, fence["fence"]
        elif fence and opened and fence["fence"].startswith(opened[1]) and not fence["info"].strip():
            lines[opened[0] : number + 1] = [" " * len(code) for code in lines[opened[0] : number + 1]]
            opened = None
    return "\n".join(lines)


def _blanked(text: str, blocks: Iterable[Block]) -> str:
    for start, end in (block.span for block in blocks):
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text


_HOW_TO_START = "add a comment <!-- … --> whose first line is 'Type: model-index', followed by 'Models:'"


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _error(name: str, expected: str, found: str, fix: str, place: tuple[int, int] = (1, 1)) -> PageError:
    return PageError([_fault(name, expected, found, fix, place)])


def _fault(name: str, expected: str, found: str, fix: str, place: tuple[int, int] = (1, 1)) -> Fault:
    return Fault(Location(name, *place), expected, found, fix)
