"""What became of a run: verdicts printed or written in the form that was asked for, and the exit code."""

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.exit_codes import FALSE, NOT_FINISHED, NOTHING_FALSE
from harness.cli.options import resources

if TYPE_CHECKING:
    from harness.index.claim import Claim
    from harness.project.project import Project
    from harness.verdict import Verdict
    from harness.verify.run import Answer


def verified(project: "Project", models: tuple[str, ...], kinds: tuple[str, ...], files: Mapping[str, Any]) -> "Answer":
    """The selected verdicts. Raises click.UsageError where the selection matches nothing."""
    from harness.report.progress import ProgressOnStderr
    from harness.verify.run import Selection, verify

    answer = verify(project, Selection(models, kinds), resources(project, files), ProgressOnStderr(), files.get("jobs"))
    if not answer.verdicts:
        raise click.UsageError(nothing_selected(answer.claims, models, kinds))
    return answer


def nothing_selected(claims: "Iterable[Claim]", models: tuple[str, ...], kinds: tuple[str, ...]) -> str:
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
    from harness.verdict import Status, failing_statuses

    found = {verdict.status for verdict in verdicts}
    if Status.ERROR in found:
        return NOT_FINISHED
    return FALSE if found & failing_statuses(strict=strict) else NOTHING_FALSE


_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True)
class View:
    """How verdicts are shown: in which form, in which file beside the terminal, and what `strict` makes of them.

    `overview` tells that they are all there are of their models and kinds; `started` when the run began.
    """

    form: str
    output: Path | None
    strict: bool
    started: float
    overview: bool = True


def show(answer: "Answer", project: "Project", view: View) -> None:
    """Print the verdicts in their form; or the terminal view, and write that form to a file."""
    output, form = view.output, view.form
    if output is not None:
        write(output, _formed(answer, project, view))
        click.echo(f"The {form} report is in {output}.", err=True)
    if output is None and form != "rich":
        sys.stdout.write(_formed(answer, project, view))
    else:
        from harness.report.terminal import console, print_verdicts

        with without_workflow_commands():
            print_verdicts(console(), answer.verdicts, overview=view.overview)


@contextmanager
def without_workflow_commands() -> Iterator[None]:
    """Keep a workflow's runner from reading what is printed of pages as commands to it."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    import secrets

    token = secrets.token_hex()
    click.echo(f"::stop-commands::{token}")
    try:
        yield
    finally:
        click.echo(f"::{token}::")


def write(path: Path, text: str) -> None:
    """Write a file that was asked for; what is no regular file, such as a device, is written into.

    Raises click.UsageError where that cannot be.
    """
    from harness.system.files import write_atomically

    try:
        if path.exists() and not path.is_file():
            path.write_text(text, "utf-8")
        else:
            write_atomically(path.resolve(), text.encode())
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror or error}.") from None


def refuse_output(project: "Project", output: Path | None) -> None:
    """Raises click.UsageError where what was asked to be written would take the place of what people wrote."""
    real = output.resolve() if output else None
    own = (project.root / "modelindex").resolve()
    if real and (real.is_relative_to(own) or real in {path.resolve() for _, path in project.pages}):
        raise click.UsageError(f"{output} is a page, or in modelindex/, which holds what people write; name another.")


def _formed(answer: "Answer", project: "Project", view: View) -> str:
    verdicts, form, strict = answer.verdicts, view.form, view.strict
    if form == "json":
        from harness.report.json_document import json_report

        return json_report(verdicts, _environment(answer, view.started))
    if form == "markdown":
        from harness.report.markdown import report

        return report(verdicts, overview=view.overview)
    if form == "junit":
        from harness.report.junit import junit

        return junit(verdicts, strict=strict)
    if form == "sarif":
        from harness.report.sarif import sarif

        return sarif(verdicts, _from_repository(project), rules(), strict=strict)
    if form == "github":
        from harness.report.github import annotations

        _summarise(verdicts, overview=view.overview)
        return annotations(verdicts, _from_repository(project), strict=strict)
    import io

    from rich.console import Console

    from harness.report.terminal import print_verdicts

    printed = io.StringIO()
    print_verdicts(Console(file=printed, width=80, highlight=False), verdicts, overview=view.overview)
    return printed.getvalue()


def rules() -> dict[str, str]:
    """What decides each kind of claim, in a few words."""
    from harness.checks import CHECKS

    return {kind: (check.__doc__ or "").partition("\n")[0].partition(": ")[2] for kind, check in CHECKS.items()}


def _summarise(verdicts: "tuple[Verdict, ...]", *, overview: bool) -> None:
    """Give GitHub the Markdown report as the summary of the step that runs."""
    from harness.report.github import step_summary
    from harness.report.markdown import report

    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(step_summary(report(verdicts, overview=overview)))
    except OSError as error:
        click.echo(f"The step summary {path} cannot be written: {error.strerror}.", err=True)


def _from_repository(project: "Project") -> str:
    """The project's folder as a path from its repository's root, with a slash behind it unless it is empty."""
    from harness.system.git import RepositoryError, below_top

    try:
        return below_top(project.root)
    except RepositoryError:
        return ""


def _environment(answer: "Answer", started: float) -> dict[str, Any]:
    import platform

    from harness import __version__
    from harness.verify.cache import library_versions

    return {
        "harness": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": library_versions(),
        "devices": sorted({verdict.environment.get("device", "meta") for verdict in answer.verdicts}),
        "cached": answer.cached,
        "seconds": round(time.monotonic() - started, 2),
    }


def print_diff(lines: "Iterable[str]") -> None:
    """Print a difference of pages, in colours where there are some."""
    from harness.index.faults import escape_controls

    with without_workflow_commands():
        for line in lines:
            click.secho(escape_controls(line.removesuffix("\r")), fg=_COLOURS.get(line[:1]))
    sys.stdout.flush()
