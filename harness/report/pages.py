"""A rendered page with a table of what was verified, where the page asks for it or before its citation."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

from harness.report.markup import status_cell, table, text_cell
from harness.report.overview import by_model, summary_line
from harness.verdict import Status, Verdict

GENERATED = "<!-- What follows was written by `verify docs`, from the model-index of this page. -->"
# The variable by which a page says where the table goes.
VARIABLE = "verified_claims"

# The claims that readers look for; any other only where there is something to say about it.
_TOLD = {"parameters", "flops", "file_size", "weights", "top_1_accuracy", "top_5_accuracy"}
_CITATION = re.compile(r"(?mi)^#{1,6}[ \t]+(?:citation|citing|cite|how (?:do|can) i cite|bibtex)\b")
_FENCED = re.compile(r"(?ms)^ {0,3}(```+|~~~+).*?^ {0,3}\1[`~]*[ \t]*\r?$|\Z")
_LINK = re.compile(r"(?P<before>\]\(\s*<?|^ {0,3}\[[^\]\n]+\]:[ \t]*<?)(?P<target>[^\s)>]+)", re.MULTILINE)
_ELSEWHERE = re.compile(r"[a-zA-Z][\w+.-]*:|[/#]")
_LONGEST = 60


def with_verdicts(rendered: str, asked: bool, mark: str, verdicts: Sequence[Verdict], folder: str) -> str:
    """The page with the table; `mark` stands where it `asked` for it. `folder` holds the page's cards."""
    newline = "\r\n" if "\r\n" in rendered else "\n"
    section = newline.join(_section(verdicts, folder))
    if asked:
        return rendered.replace(mark, section)
    place = _place(rendered)
    titled = newline.join(["## Verified claims", "", section, "", ""])
    return rendered[:place] + titled + rendered[place:]


def _place(rendered: str) -> int:
    """Before the citation's heading; on pages without one before the model-index."""
    code = [match.span() for match in _FENCED.finditer(rendered)]
    headings = (match.start() for match in _CITATION.finditer(rendered))
    outside = (start for start in headings if not any(first <= start < last for first, last in code))
    return next(outside, rendered.rindex("<!--"))


def _section(verdicts: Sequence[Verdict], folder: str) -> list[str]:
    lines = [GENERATED, "", f"{summary_line(verdicts)}. How each came about, and what is missing where one is"]
    lines += [f"*not run*, is told on the models' cards and on [their overview](../{quote(folder)}/README.md).", ""]
    rows = [
        [_card(model, folder), *_cells(verdict)]
        for model, of_model in by_model(verdicts).items()
        for verdict in of_model
        if verdict.status is not Status.PASS or verdict.claim.kind in _TOLD
    ]
    rows += [
        ["page", *_cells(verdict)]
        for verdict in verdicts
        if verdict.claim.model is None and verdict.status is not Status.PASS
    ]
    untold = len(verdicts) - len(rows)
    lines += table(["model", "claim", "declared", "measured", "verdict"], rows)
    return [*lines, "", f"Not in the table: {untold} more claims, all of them *pass*."] if untold else lines


def _card(model: str, folder: str) -> str:
    return f"[{text_cell(model)}](../{quote(folder)}/{quote(model)}.md)"


def _cells(verdict: Verdict) -> list[str]:
    """Claim, declared, measured and verdict; of long lists only how many items, and what differs."""
    declared, measured = verdict.claim.declared, verdict.measured or "not measured"
    if ", " in declared and len(declared) > _LONGEST:
        declared, measured = f"{declared.count(', ') + 1} items", verdict.difference or measured
    return [text_cell(verdict.claim.kind), text_cell(declared), text_cell(measured), status_cell(verdict.status)]


def with_links_from(rendered: str, page: str, to_root: str) -> str:
    """The page's relative links, which were written for the place of `page`, led from another folder.

    `to_root` is the way from that folder to the project's root, such as `../..`.
    """
    here = PurePosixPath(page).parent

    def led(match: re.Match[str]) -> str:
        target = match["target"]
        if _ELSEWHERE.match(target):
            return match[0]
        path, mark, rest = target.partition("#")
        return f"{match['before']}{to_root}/{quote((here / unquote(path)).as_posix())}{mark}{rest}"

    parts, end = [], 0
    for code in _FENCED.finditer(rendered):
        parts += [_LINK.sub(led, rendered[end : code.start()]), code[0]]
        end = code.end()
    return "".join(parts)
