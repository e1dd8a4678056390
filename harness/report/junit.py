"""Verdicts as JUnit XML, valid against Jenkins' junit-10.xsd: a suite for each page, a case for each claim."""

import re
from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

from harness.index.faults import escape_controls
from harness.report.overview import by_page, fields, status_label
from harness.verdict import Status, Verdict, failing_statuses

# Characters that XML 1.0 forbids, besides control characters.
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


def junit(verdicts: Sequence[Verdict], *, strict: bool) -> str:
    """The XML document. Claims that are `not_run`, `unchecked` or `waived` are skipped cases."""
    suites = ElementTree.Element("testsuites")
    for page, on_page in by_page(verdicts).items():
        suites.append(_suite(page, on_page, strict=strict))
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, "unicode")}\n'


def _suite(page: str, verdicts: Sequence[Verdict], *, strict: bool) -> ElementTree.Element:
    times = Counter((verdict.claim.model, verdict.claim.kind) for verdict in verdicts)
    repeated = {name for name, count in times.items() if count > 1}
    tags = dict.fromkeys((Status.NOT_RUN, Status.UNCHECKED, Status.WAIVED), "skipped")
    tags |= {**dict.fromkeys(failing_statuses(strict=strict), "failure"), Status.ERROR: "error"}
    cases = [_case(verdict, repeated, tags.get(verdict.status)) for verdict in verdicts]
    totals = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counts = {name: str(sum(case.find(tag) is not None for case in cases)) for name, tag in totals.items()}
    suite = ElementTree.Element("testsuite", {"name": _text(page), "tests": str(len(cases)), **counts})
    suite.extend(cases)
    return suite


def _case(verdict: Verdict, repeated: set[tuple[str | None, str]], tag: str | None) -> ElementTree.Element:
    claim = verdict.claim
    classname = f"{claim.page}.{claim.model or 'page'}"
    place = f" at {claim.where.line}:{claim.where.column}" if (claim.model, claim.kind) in repeated else ""
    case = ElementTree.Element("testcase", {"classname": _text(classname), "name": _text(claim.kind + place)})
    message = _text(f"{status_label(verdict.status)}: {verdict.reason}")
    if tag:
        outcome = ElementTree.SubElement(case, tag, {"type": verdict.status.value, "message": message})
        outcome.text = _details(verdict)
    elif verdict.status is not Status.PASS:
        ElementTree.SubElement(case, "system-out").text = f"{message}\n{_details(verdict)}"
    return case


def _details(verdict: Verdict) -> str:
    values = {"at": str(verdict.claim.where), **fields(verdict)}
    return "\n".join(f"{name}: {_text(value)}" for name, value in values.items() if name != "why")


def _text(text: str) -> str:
    return _NO_XML.sub("�", escape_controls(text))
