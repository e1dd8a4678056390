"""The output formats: one function for each, and one table."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.cli.echo import echo

if TYPE_CHECKING:
    from harness.project.project import Project
    from harness.verify.run import Verification

_START_TIME = time.monotonic()


@dataclass(frozen=True, slots=True)
class Report:
    """What a format renders.

    `overview` is true if the verdicts are all there are of their models and kinds, so that a table of them makes sense.
    """

    verification: "Verification"
    project: "Project"
    strict: bool
    overview: bool

    @property
    def path_in_repository(self) -> str:
        """The project's path from the root of its repository, with a slash at the end; empty for the root."""
        from harness.system.git import RepositoryError, below_top

        try:
            return below_top(self.project.root)
        except RepositoryError:
            return ""


def check_descriptions() -> dict[str, str]:
    """What each kind of claim is checked against, in a few words."""
    from harness.checks import CHECKS

    return {kind: (check.__doc__ or "").partition("\n")[0].partition(": ")[2] for kind, check in CHECKS.items()}


def _rich(report: Report) -> str:
    import io

    from harness.report.terminal import EscapingConsole, print_verdicts

    printed = io.StringIO()
    console = EscapingConsole(file=printed, width=80, highlight=False, markup=False, emoji=False)
    print_verdicts(console, report.verification.verdicts, overview=report.overview)
    return printed.getvalue()


def _json(report: Report) -> str:
    import platform

    from harness import __version__
    from harness.report.json_document import json_report
    from harness.verify.cache import library_versions

    verdicts = report.verification.verdicts
    environment = {
        "harness": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": library_versions(),
        "devices": sorted({verdict.environment.get("device", "meta") for verdict in verdicts}),
        "cached": report.verification.cached,
        "seconds": round(time.monotonic() - _START_TIME, 2),
    }
    return json_report(verdicts, environment)


def _markdown(report: Report) -> str:
    from harness.report import markdown

    return markdown.report(report.verification.verdicts, overview=report.overview)


def _junit(report: Report) -> str:
    from harness.report.junit import junit

    return junit(report.verification.verdicts, strict=report.strict)


def _sarif(report: Report) -> str:
    from harness.report.sarif import sarif

    root = report.path_in_repository
    return sarif(report.verification.verdicts, root, check_descriptions(), strict=report.strict)


def _github(report: Report) -> str:
    """Annotations. The Markdown report is added to the summary of the GitHub Actions step, if there is one."""
    from harness.report.github import annotations, step_summary

    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(step_summary(render("markdown", report)))
        except OSError as error:
            echo(f"The step summary {summary} cannot be written: {error.strerror}.", err=True)
    return annotations(report.verification.verdicts, report.path_in_repository, strict=report.strict)


FORMATS: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {
        "rich": _rich,
        "json": _json,
        "markdown": _markdown,
        "junit": _junit,
        "sarif": _sarif,
        "github": _github,
    }
)


def render(form: str, report: Report) -> str:
    """The report in a format, without workflow commands of GitHub Actions, except for annotations, which are some."""
    from harness.index.faults import escape_commands

    text = FORMATS[form](report)
    return text if form == "github" else escape_commands(text)
