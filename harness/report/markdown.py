"""Verdicts as Markdown: a card for each model, a page for each family, and both in one for a terminal."""

import re
from collections.abc import Sequence

from harness.report.markup import card_link, link, status_cell, table, text_cell, value_cell
from harness.report.overview import (
    NOT_DECLARED,
    Cause,
    by_model,
    by_page,
    causes,
    cell,
    columns,
    summary_line,
    value_of,
    words,
)
from harness.report.values import difference_lines
from harness.verdict import Fact, Status, Verdict

# The kinds of claim whose evidence a card shows even where they pass.
_ALWAYS_TOLD = {"flops", "file_size", "parameters", "top_1_accuracy", "top_5_accuracy"}

GENERATED = "<!-- Written by `verify all`; edit the page it is about instead. -->"


def report(verdicts: Sequence[Verdict], *, overview: bool = True) -> str:
    """All pages in one text, without links between files; of claims picked one by one without an overview."""
    pages = by_page(verdicts).items()
    parts = [family(page, on_page, linked=False, overview=overview) for page, on_page in pages]
    return "\n".join([*parts, f"**{summary_line(verdicts)}**", ""])


def family(page: str, verdicts: Sequence[Verdict], *, linked: bool = True, overview: bool = True) -> str:
    """The overview of a page's models, and every verdict that is not `pass`."""
    lines = [f"# {text_cell(page)}", "", f"{summary_line(verdicts)}.", ""]
    shown = columns(verdicts)
    if overview and shown:
        rows = [
            [card_link(model) if linked else text_cell(model), *_cells(of_model, shown)]
            for model, of_model in by_model(verdicts).items()
        ]
        lines += [*table(["model", *shown], rows), ""]
        lines += ["A cell says the most serious verdict on the claims it stands for.", ""]
    told = causes(verdicts)
    if told:
        lines += ["## Every verdict that is not pass", ""]
    for cause in told:
        lines += _cause(cause, linked=linked)
    return "\n".join([GENERATED, "", *lines]) if linked else "\n".join(lines)


def card(model: str, verdicts: Sequence[Verdict]) -> str:
    """All claims about one model: the verdicts, then those that differ as diffs with their evidence."""
    page = verdicts[0].claim.page
    lines = [GENERATED, "", f"# {text_cell(model)}", ""]
    lines += [f"{summary_line(verdicts)}. From {link(page)}; the family is [here](README.md).", ""]
    rows = [
        [text_cell(verdict.claim.kind), status_cell(verdict.status), text_cell(verdict.claim.declared), _why(verdict)]
        for verdict in verdicts
    ]
    lines += table(["claim", "verdict", "declared", "why"], rows)
    for verdict in verdicts:
        if verdict.status is not Status.PASS or verdict.claim.kind in _ALWAYS_TOLD:
            lines += ["", *_detail(verdict)]
    return "\n".join([*lines, ""])


def _why(verdict: Verdict) -> str:
    method = f" *{text_cell(verdict.method)}*" if verdict.method else ""
    return f"{text_cell(verdict.reason)}{method}"


def _detail(verdict: Verdict) -> list[str]:
    claim = verdict.claim
    lines = [f"## {text_cell(claim.kind)}: {words(verdict.status)}", "", *_diff(verdict)]
    lines += [text_cell(verdict.reason), ""]
    facts = {
        "declared at": link(claim.where.file, claim.where.line),
        "difference": text_cell(verdict.difference) if verdict.difference else None,
        "method": text_cell(verdict.method) if verdict.method else None,
        "remedy": text_cell(verdict.remedy) if verdict.remedy else None,
    }
    lines += [f"- {name}: {value}" for name, value in facts.items() if value]
    for item in verdict.evidence:
        label = text_cell(item.label)
        if isinstance(item, Fact):
            lines += [f"- {label}: {', '.join(map(value_cell, item.values))}"]
        elif item.columns:
            lines += ["", f"{label}:", "", *table(item.columns, [map(value_cell, row) for row in item.rows])]
        else:
            lines += [f"- {label}: " + ", ".join(f"{text_cell(str(k))} {value_cell(v)}" for k, v in item.rows)]
    return lines


def _diff(verdict: Verdict) -> list[str]:
    """The declared against the measured value, fenced; nothing where they agree."""
    lines = difference_lines(verdict)
    if not lines:
        return []
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", "\n".join(lines))), default=0))
    return [f"{fence}diff", *lines, fence, ""]


def _cause(cause: Cause, *, linked: bool) -> list[str]:
    """What the verdicts share once, then a row for each with what they do not."""
    first, varying = cause.first, cause.varying()
    shared = {field: cause.shared(field) for field in ("declared", "measured", "difference")}
    facts = {**shared, "method": first.method, "remedy": first.remedy}
    lines = [f"### {status_cell(first.status)}: {text_cell(first.claim.kind)}", "", text_cell(first.reason), ""]
    lines += [*(f"- {name}: {text_cell(value)}" for name, value in facts.items() if value), ""]
    rows = []
    for verdict in cause.verdicts:
        where = verdict.claim.where
        place = link(where.file, where.line) if linked else f"{text_cell(where.file)}:{where.line}"
        values = [text_cell(value_of(verdict, field) or "none") for field in varying]
        rows.append([place, text_cell(verdict.claim.model or "page"), *values])
    return [*lines, *table(["at", "model", *varying], rows), ""]


def _cells(verdicts: Sequence[Verdict], shown: Sequence[str]) -> list[str]:
    statuses = (cell(verdicts, column) for column in shown)
    return [status_cell(status) if status else NOT_DECLARED for status in statuses]
