"""A rendered page with a table of what was verified, where the page asks for it or before its citation."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

from harness.index.page import Parts, without_code
from harness.report.markup import card_link, status_cell, table, text_cell
from harness.report.overview import by_model, summary_line
from harness.verdict import Status, Verdict

GENERATED = "<!-- What follows was written by `verify docs`, from the model-index of this page. -->"

# The claims that readers look for; any other only where there is something to say about it.
_TOLD = {"parameters", "flops", "file_size", "weights", "top_1_accuracy", "top_5_accuracy"}
_CITATION = re.compile(r"(?mi)^#{1,6}[ \t]+(?:citation|citing|cite|how (?:do|can) i cite|bibtex)\b")
_ASIDE = re.compile(r"<!--.*?-->|(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(
    r"(?P<before>\]\(\s*<?|^ {0,3}\[[^\]\n]+\]:[ \t]*<?|\b(?:src|href)=[\"'])(?P<target>[^\s)>\"']+)", re.MULTILINE
)
_ELSEWHERE = re.compile(r"[a-zA-Z][\w+.-]*:|[/#]")
_LONGEST = 60


def with_verdicts(page: Parts, mark: str, verdicts: Sequence[Verdict], folder: str) -> Parts:
    """The page with the table: in the place of `mark`, or before the citation. `folder` holds the models' cards."""
    newline = "\r\n" if "\r\n" in page.index else "\n"
    section = newline.join(_section(verdicts, folder))
    if mark in page.before + page.after:
        return Parts(page.before.replace(mark, section), page.index, page.after.replace(mark, section))
    titled = newline.join(["## Verified claims", "", section, "", ""])
    for part in ("before", "after"):
        text = getattr(page, part)
        citation = _CITATION.search(_prose(text))
        if citation:
            place = citation.start()
            return _replaced(page, part, text[:place] + titled + text[place:])
    if not page.before:  # front matter has to stay first
        return Parts("", page.index, page.after + newline + titled)
    return Parts(page.before + titled, page.index, page.after)


def with_links_from(page: Parts, name: str, to_root: str) -> Parts:
    """The page's relative links, written for the place of the page called `name`, led from another folder.

    `to_root` is the way from that folder to the project's root, such as `../..`.
    """
    here = PurePosixPath(name).parent
    return Parts(_led(page.before, here, to_root), page.index, _led(page.after, here, to_root))


def _replaced(page: Parts, part: str, text: str) -> Parts:
    return Parts(text, page.index, page.after) if part == "before" else Parts(page.before, page.index, text)


def _led(text: str, here: PurePosixPath, to_root: str) -> str:
    parts, end = [], 0
    for link in _LINK.finditer(_prose(text)):
        target = text[link.start("target") : link.end("target")]
        if _ELSEWHERE.match(target):
            continue
        path = re.split(r"[?#]", target, maxsplit=1)[0]
        led = f"{to_root}/{quote((here / unquote(path)).as_posix())}{target[len(path) :]}"
        parts += [text[end : link.start("target")], led]
        end = link.end("target")
    return "".join([*parts, text[end:]])


def _prose(text: str) -> str:
    """The text with code and comments blanked out; places stay the same."""
    return _ASIDE.sub(lambda aside: re.sub(r"[^\n]", " ", aside[0]), without_code(text))


def _section(verdicts: Sequence[Verdict], folder: str) -> list[str]:
    lines = [GENERATED, "", f"{summary_line(verdicts)}. How each came about, and what is missing where one is"]
    lines += [f"*not run*, is told on the models' cards and on [their overview](../{quote(folder)}/README.md).", ""]
    rows = [
        [card_link(model, f"../{folder}"), *_cells(verdict)]
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
    lines += table(["model", "claim", "verdict", "declared", "measured", "how"], rows)
    return [*lines, "", f"Not in the table: {untold} more claims, all of them *pass*."] if untold else lines


def _cells(verdict: Verdict) -> list[str]:
    """Claim, verdict, declared, measured and method; of long lists only how many items, and what differs."""
    declared, measured = verdict.claim.declared, verdict.measured or "not measured"
    if ", " in declared and len(declared) > _LONGEST:
        declared, measured = f"{declared.count(', ') + 1} items", verdict.difference or measured
    told = (declared, measured, verdict.method or "none")
    return [text_cell(verdict.claim.kind), status_cell(verdict.status), *map(text_cell, told)]
