"""What became of a run: verdicts printed or written in the form that was asked for, and the exit code."""

import io
import os
import platform
import sys
import time
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.exit_codes import FALSE, NOT_FINISHED, NOTHING_FALSE
from harness.flags import resources

if TYPE_CHECKING:
    from harness.index.claim import Claim
    from harness.project import Project
    from harness.verdict import Verdict
    from harness.verify import Answer


def verified(project: "Project", models: tuple[str, ...], kinds: tuple[str, ...], files: Mapping[str, Any]) -> "Answer":
    """The selected verdicts. Raises click.UsageError where the selection matches nothing."""
    from harness.report.progress import ProgressOnStderr
    from harness.verify import Selection, verify

    answer = verify(project, Selection(models, kinds), resources(project, files), ProgressOnStderr())
    if not answer.verdicts:
        raise click.UsageError(_nothing_selected(answer.claims, models, kinds))
    return answer


def _nothing_selected(claims: "Iterable[Claim]", models: tuple[str, ...], kinds: tuple[str, ...]) -> str:
    """Which models and kinds there are, where a selection matches none."""
    lines = ["Nothing was checked: no claim matches."]
    known = [(claim.model or "page", claim.kind) for claim in claims]
    known_models = list(dict.fromkeys(model for model, _ in known))
    known_kinds = sorted({kind for _, kind in known})
    for what, patterns, names in (("model", models, known_models), ("kind of claim", kinds, known_kinds)):
        unmatched = [glob for glob in patterns if not any(fnmatchcase(name, glob) for name in names)]
        if unmatched:
            lines.append(f"No {what} is called {', '.join(unmatched)}; there are {', '.join(names)}.")
    return "\n".join(lines)


def exit_code(verdicts: "Iterable[Verdict]", *, strict: bool) -> int:
    """The most serious of what the verdicts say."""
    from harness.verdict import Status, false_statuses

    found = {verdict.status for verdict in verdicts}
    if Status.ERROR in found:
        return NOT_FINISHED
    return FALSE if found & false_statuses(strict=strict) else NOTHING_FALSE


def show(  # noqa: PLR0913 - what is shown, and four things about how
    answer: "Answer", project: "Project", form: str, output: Path | None, *, strict: bool, started: float
) -> None:
    """Print the verdicts in a form; or the terminal view, and write that form to a file."""
    if output is not None:
        from harness.disk import write_whole

        try:
            write_whole(output, _formed(answer, project, form, strict=strict, started=started).encode())
        except OSError as error:
            raise click.UsageError(f"{output} cannot be written: {error.strerror or error}.") from None
        click.echo(f"The {form} report is in {output}.", err=True)
    if output is None and form != "rich":
        sys.stdout.write(_formed(answer, project, form, strict=strict, started=started))
    else:
        from harness.report.terminal import console, print_verdicts

        print_verdicts(console(), answer.verdicts)


def _formed(answer: "Answer", project: "Project", form: str, *, strict: bool, started: float) -> str:
    verdicts = answer.verdicts
    if form == "json":
        from harness.report.document import json_report

        return json_report(verdicts, _environment(answer, started))
    if form == "markdown":
        from harness.report.markdown import report

        return report(verdicts)
    if form == "junit":
        from harness.report.junit import junit

        return junit(verdicts, strict=strict)
    if form == "sarif":
        from harness.report.sarif import sarif

        return sarif(verdicts, _from_repository(project), rules(), strict=strict)
    if form == "github":
        from harness.report.github import annotations

        _summarise(verdicts)
        return annotations(verdicts, _from_repository(project), strict=strict)
    from rich.console import Console

    from harness.report.terminal import print_verdicts

    printed = io.StringIO()
    print_verdicts(Console(file=printed, width=80, highlight=False), verdicts)
    return printed.getvalue()


def rules() -> dict[str, str]:
    """What decides each kind of claim, in a few words."""
    from harness.checks import CHECKS

    return {kind: (check.__doc__ or "").partition("\n")[0].partition(": ")[2] for kind, check in CHECKS.items()}


def _summarise(verdicts: "tuple[Verdict, ...]") -> None:
    """Give GitHub the Markdown report as the summary of the step that runs."""
    from harness.report.github import step_summary
    from harness.report.markdown import report

    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(step_summary(report(verdicts)))


def _from_repository(project: "Project") -> str:
    """The project's folder as a path from its repository's root, with a slash behind it unless it is empty."""
    from harness.repository import top_folder

    top = top_folder(project.root)
    below = project.root.resolve().relative_to(top).as_posix() if top else "."
    return "" if below == "." else f"{below}/"


def _environment(answer: "Answer", started: float) -> dict[str, Any]:
    from harness import __version__
    from harness.cache import library_versions

    return {
        "harness": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": library_versions(),
        "devices": sorted({verdict.environment.get("device", "meta") for verdict in answer.verdicts}),
        "cached": answer.cached,
        "seconds": round(time.monotonic() - started, 2),
    }
