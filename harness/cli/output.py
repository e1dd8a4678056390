"""Output of verdicts: printed or written in the chosen format, and the exit code."""

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
from harness.cli.options import local_resources

if TYPE_CHECKING:
    from harness.index.claim import Claim
    from harness.project.project import Project
    from harness.verdict import Verdict
    from harness.verify.run import Verification


def verify_selected(
    project: "Project", models: tuple[str, ...], kinds: tuple[str, ...], options: Mapping[str, Any]
) -> "Verification":
    """Verify the selected claims. Raises click.UsageError if there are none."""
    from harness.report.progress import ProgressOnStderr
    from harness.verify.run import verify
    from harness.verify.selection import Selection

    resources = local_resources(project, options)
    verification = verify(project, Selection(models, kinds), resources, ProgressOnStderr(), options.get("jobs"))
    require_selected(verification.verdicts, verification.claims, models, kinds)
    return verification


def require_selected(
    selected: "Iterable[object]", claims: "Iterable[Claim]", models: tuple[str, ...], kinds: tuple[str, ...]
) -> None:
    """Raises click.UsageError, which names the models and kinds that there are, if nothing is selected."""
    if any(True for _ in selected):
        return
    lines = ["Nothing was checked: no claim matches."]
    known = [(claim.model or "page", claim.kind) for claim in claims]
    known_models = list(dict.fromkeys(model for model, _ in known))
    known_kinds = sorted({kind for _, kind in known})
    for what, patterns, names in (("model", models, known_models), ("kind of claim", kinds, known_kinds)):
        unmatched = [glob for glob in patterns if not any(fnmatchcase(name, glob) for name in names)]
        if unmatched:
            lines.append(f"No {what} is called {', '.join(unmatched)}; there are {', '.join(names)}.")
    raise click.UsageError("\n".join(lines))


def exit_code(verdicts: "Iterable[Verdict]", *, strict: bool) -> int:
    """The exit code of the most serious verdict."""
    from harness.verdict import Status, failing_statuses

    statuses = {verdict.status for verdict in verdicts}
    if Status.ERROR in statuses:
        return NOT_FINISHED
    return FALSE if statuses & failing_statuses(strict=strict) else NOTHING_FALSE


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """How verdicts are output. `path` is the file to write, None for stdout.

    `started` is the monotonic time at which the run began. `overview` tells that the verdicts are all there are of
    their models and kinds, so that a table of them makes sense.
    """

    format: str
    path: Path | None
    strict: bool
    started: float
    overview: bool = True


def output_verdicts(verification: "Verification", project: "Project", settings: OutputSettings) -> None:
    """Print the verdicts in the chosen format; or write them to the file, and print the terminal view."""
    if settings.path is not None:
        write_file(settings.path, _render(verification, project, settings))
        click.echo(f"The {settings.format} report is in {settings.path}.", err=True)
    elif settings.format != "rich":
        sys.stdout.write(_render(verification, project, settings))
        return
    from harness.report.terminal import console, print_verdicts

    with without_workflow_commands():
        print_verdicts(console(), verification.verdicts, overview=settings.overview)


@contextmanager
def without_workflow_commands() -> Iterator[None]:
    """Keep GitHub Actions from running commands in the printed text of pages."""
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


def write_file(path: Path, text: str) -> None:
    """Write the file. Anything but a regular file, such as a device, is kept and written into.

    Raises click.UsageError if that fails.
    """
    from harness.system.files import write_atomically

    try:
        if path.exists() and not path.is_file():
            path.write_text(text, "utf-8")
        else:
            write_atomically(path.resolve(), text.encode())
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror or error}.") from None


def refuse_to_overwrite_pages(project: "Project", output: Path | None) -> None:
    """Raises click.UsageError if the file to write is a page, or in modelindex/."""
    real = output.resolve() if output else None
    own = (project.root / "modelindex").resolve()
    if real and (real.is_relative_to(own) or real in {path.resolve() for _, path in project.pages}):
        raise click.UsageError(f"{output} is a page, or in modelindex/, which holds hand-written files; name another.")


def _render(verification: "Verification", project: "Project", settings: OutputSettings) -> str:
    verdicts = verification.verdicts
    if settings.format == "json":
        from harness.report.json_document import json_report

        return json_report(verdicts, _environment(verification, settings.started))
    if settings.format == "markdown":
        from harness.report.markdown import report

        return report(verdicts, overview=settings.overview)
    if settings.format == "junit":
        from harness.report.junit import junit

        return junit(verdicts, strict=settings.strict)
    if settings.format == "sarif":
        from harness.report.sarif import sarif

        return sarif(verdicts, _path_in_repository(project), check_descriptions(), strict=settings.strict)
    if settings.format == "github":
        from harness.report.github import annotations

        _write_step_summary(verdicts, overview=settings.overview)
        return annotations(verdicts, _path_in_repository(project), strict=settings.strict)
    import io

    from rich.console import Console

    from harness.report.terminal import print_verdicts

    printed = io.StringIO()
    print_verdicts(Console(file=printed, width=80, highlight=False), verdicts, overview=settings.overview)
    return printed.getvalue()


def check_descriptions() -> dict[str, str]:
    """What each kind of claim is checked against, in a few words."""
    from harness.checks import CHECKS

    return {kind: (check.__doc__ or "").partition("\n")[0].partition(": ")[2] for kind, check in CHECKS.items()}


def _write_step_summary(verdicts: "tuple[Verdict, ...]", *, overview: bool) -> None:
    """Add the Markdown report to the summary of the GitHub Actions step, if there is one."""
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


def _path_in_repository(project: "Project") -> str:
    """The project's path from the root of its repository, with a slash at the end; empty for the root."""
    from harness.system.git import RepositoryError, below_top

    try:
        return below_top(project.root)
    except RepositoryError:
        return ""


def _environment(verification: "Verification", started: float) -> dict[str, Any]:
    import platform

    from harness import __version__
    from harness.verify.cache import library_versions

    return {
        "harness": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": library_versions(),
        "devices": sorted({verdict.environment.get("device", "meta") for verdict in verification.verdicts}),
        "cached": verification.cached,
        "seconds": round(time.monotonic() - started, 2),
    }


_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def print_diff(lines: "Iterable[str]") -> None:
    """Print a unified diff, coloured on a terminal."""
    from harness.index.faults import escape_controls

    with without_workflow_commands():
        for line in lines:
            click.secho(escape_controls(line.removesuffix("\r")), fg=_COLOURS.get(line[:1]))
    sys.stdout.flush()
