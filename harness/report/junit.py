"""Verdicts as JUnit XML: a suite for each page, a case for each claim; valid by Jenkins' junit-10.xsd."""

import re
from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from harness.index.faults import escape_controls
from harness.report.overview import by_page, words
from harness.verdict import Status, Verdict, failing_statuses

# What no XML 1.0 document may hold, beside the control characters.
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


def junit(verdicts: Sequence[Verdict], *, strict: bool) -> str:
    """The XML document. What is neither true nor false here (not run, unchecked, waived) is a skipped case."""
    suites = ElementTree.Element("testsuites")
    for page, on_page in by_page(verdicts).items():
        suites.append(_suite(page, on_page, strict=strict))
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, "unicode")}\n'


def _suite(page: str, verdicts: Sequence[Verdict], *, strict: bool) -> ElementTree.Element:
    counted_kinds = Counter((verdict.claim.model, verdict.claim.kind) for verdict in verdicts)
    repeated = {name for name, count in counted_kinds.items() if count > 1}
    cases = [_case(verdict, repeated, strict=strict) for verdict in verdicts]
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counted = {name: str(sum(case.find(tag) is not None for case in cases)) for name, tag in counts.items()}
    suite = ElementTree.Element("testsuite", {"name": _text(page), "tests": str(len(cases)), **counted})
    suite.extend(cases)
    return suite


def _case(verdict: Verdict, repeated: set[tuple[str | None, str]], *, strict: bool) -> ElementTree.Element:
    claim = verdict.claim
    classname = f"{claim.page}.{claim.model or 'page'}"
    place = f" at {claim.where.line}:{claim.where.column}" if (claim.model, claim.kind) in repeated else ""
    case = ElementTree.Element("testcase", {"classname": _text(classname), "name": _text(claim.kind + place)})
    tag = _tag(verdict.status, strict=strict)
    reason = _text(f"{words(verdict.status)}: {verdict.reason}")
    if tag:
        outcome = ElementTree.SubElement(case, tag, {"type": verdict.status.value, "message": reason})
        outcome.text = _told(verdict)
    elif verdict.status is not Status.PASS:
        ElementTree.SubElement(case, "system-out").text = f"{reason}\n{_told(verdict)}"
    return case


def _tag(status: Status, *, strict: bool) -> str | None:
    if status is Status.ERROR:
        return "error"
    if status in failing_statuses(strict=strict):
        return "failure"
    return "skipped" if status in {Status.NOT_RUN, Status.UNCHECKED, Status.WAIVED} else None


def _told(verdict: Verdict) -> str:
    told = {
        "at": str(verdict.claim.where),
        "declared": verdict.claim.declared,
        "measured": verdict.measured,
        "difference": verdict.difference,
        "method": verdict.method,
        "remedy": verdict.remedy,
    }
    return "\n".join(f"{name}: {_text(value)}" for name, value in told.items() if value)


def _text(text: str) -> str:
    return _NO_XML.sub("�", escape_controls(text))
