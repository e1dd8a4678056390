"""Verdicts as one HTML file that loads nothing else and is complete without scripts."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from harness.index.faults import escape_commands, escape_controls
from harness.report import overview
from harness.report.sections import report_pages
from harness.report.values import diff_lines, evidence_text, is_url
from harness.verdict import SEVERITY, Status, Verdict

_PARTS = files("harness.report") / "html_parts"

_MEANINGS = {
    Status.PASS: "reproduced as declared",
    Status.EXPLAINED: "reproduced, but under other conditions than declared",
    Status.FAIL: "proven false",
    Status.NOT_RUN: "something is missing on this machine; see the remedy",
    Status.UNCHECKED: "no check exists for this field",
    Status.WAIVED: "known false; accepted until its expiry date",
    Status.ERROR: "the check could not finish",
}


def html_report(verdicts: Sequence[Verdict]) -> str:
    """The report on all verdicts. The same verdicts give the same bytes."""
    style, script = _read_part("style.css"), _read_part("script.js")
    template = _environment().get_template("report.html")
    return template.render(
        pages=report_pages(verdicts),
        verdicts=verdicts,
        counts=overview.count_by_status(verdicts),
        meanings=_MEANINGS,
        severity=SEVERITY,
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704 - a file of this package
    )


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        finalize=lambda value: value if isinstance(value, Markup) else escape_commands(escape_controls(str(value))),
        loader=FunctionLoader(_read_part),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"label": overview.status_label, "summary": overview.summary_line}
    environment.filters |= {"diff": diff_lines, "evidence": evidence_text}
    environment.tests["url"] = is_url
    environment.globals["worst_status"] = overview.worst_status
    return environment


def _read_part(name: str) -> str:
    return (_PARTS / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """A content security policy that allows this style and this script, and no requests."""
    sources = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}"
    return f"{sources}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
