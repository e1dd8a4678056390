"""Verdicts as one HTML file that needs nothing else: no network, no other file, and without scripts all in sight."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from harness.index.faults import escape_controls
from harness.report import overview
from harness.report.sections import pages
from harness.report.values import difference_lines, is_address
from harness.verdict import SEVERITY, Status, Verdict

_PARTS = files("harness.report") / "html_parts"

# What the report says beside each count.
_MEANINGS = {
    Status.PASS: "reproduced as declared",
    Status.EXPLAINED: "reproduced, under other conditions than declared",
    Status.FAIL: "measured or cross-checked, and false",
    Status.NOT_RUN: "something is missing here; the remedy supplies it",
    Status.UNCHECKED: "no check reads this value",
    Status.WAIVED: "false, and waived for a stated reason",
    Status.ERROR: "the check could not finish",
}


def html_report(verdicts: Sequence[Verdict]) -> str:
    """The report on all verdicts. The same verdicts give the same bytes."""
    style, script = _part("style.css"), _part("script.js")
    template = _environment().get_template("report.html")
    return template.render(
        pages=pages(verdicts),
        verdicts=verdicts,
        counts=overview.summary(verdicts),
        meanings=_MEANINGS,
        severity=SEVERITY,
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - ours, from the package
        script=Markup(script),  # noqa: S704 - ours, from the package
    )


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        finalize=_seen,
        loader=FunctionLoader(_part),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"words": overview.words, "summed": overview.summary_line, "diff": difference_lines}
    environment.tests["address"] = is_address
    environment.globals["cell"] = overview.cell
    return environment


def _seen(value: object) -> object:
    """Whatever a template shows, with characters that would act on the page's text written out."""
    return value if isinstance(value, Markup) else escape_controls(str(value))


def _part(name: str) -> str:
    return (_PARTS / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """A content security policy that lets a browser use this style and this script, and fetch nothing."""
    allowed = {"default-src": "'none'", "style-src": _hash(style), "script-src": _hash(script)}
    closed = dict.fromkeys(("base-uri", "form-action"), "'none'")
    return "; ".join(f"{name} {source}" for name, source in {**allowed, **closed}.items())


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
