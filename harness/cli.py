"""Verbs, flags and exit codes."""

import gc
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

# What a verb needs is imported where it needs it: `--help` and usage errors load next to nothing.
if TYPE_CHECKING:
    from rich.console import Console

    from harness.index.claim import Claim
    from harness.project import Project
    from harness.verdict import Verdict
    from harness.verify import Answer

NOTHING_FALSE, FALSE, BAD_USAGE, NOT_FINISHED, INTERRUPTED = 0, 1, 2, 3, 130

# Wider than that, lines are hard to read and padding takes over.
_WIDEST = 160

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _on_pages(command: _Command) -> _Command:
    path = click.Path(path_type=Path)
    return click.argument("pages", nargs=-1, type=path, metavar="[PAGE]...")(command)


def _with_files(command: _Command) -> _Command:
    folder = click.Path(path_type=Path, exists=True, file_okay=False)
    weights = "Where weights files lie; torch hub's own folder by default."
    source = "A git checkout or bare repository of the models' source."
    command = click.option("--source", type=folder, metavar="DIR", help=source)(command)
    return click.option("--weights", type=folder, metavar="DIR", help=weights)(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(package_name="model-card-harness")
def app() -> None:
    """Re-measure every claim of a model-index page, and say pass or fail with evidence."""


@app.command("all")
@_on_pages
@click.option("--model", "models", multiple=True, metavar="GLOB", help="Only these models; 'page' for the page itself.")
@click.option("--claim", "kinds", multiple=True, metavar="GLOB", help="Only these kinds of claim.")
@_with_files
@click.option(
    "--format",
    "output",
    type=click.Choice(["rich", "json", "markdown"]),
    default="rich",
    show_default=True,
    help="How verdicts are printed.",
)
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where reports are written; reports/ beside modelindex/ by default.",
)
@click.option("--strict", is_flag=True, help="Also exit 1 for explained and not_run.")
def verify_all(  # noqa: PLR0913 - a parameter for each flag
    *,
    pages: tuple[Path, ...],
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    weights: Path | None,
    source: Path | None,
    output: str,
    reports: Path | None,
    strict: bool,
) -> int:
    """Verify every claim of every page, and write reports/.

    Without PAGE, the pages named in modelindex/verify.toml, here or in a folder above. With --model or --claim
    no reports are written; with PAGE inside such a project, only where --reports says.

    Exit codes: 0 nothing false, 1 a claim fails, 2 bad usage, an unreadable page or nothing to check, 3 a check
    could not finish.
    """
    started = time.monotonic()
    project = _project(pages)
    answer = _verified(project, models, kinds, weights, source)
    if answer.portable and (reports or project.whole):
        from harness.report.files import report_files, write_reports

        folder = reports or project.root / "reports"
        write_reports(folder, report_files(answer.portable))
        click.echo(f"Reports are in {folder}.", err=True)
    _show(answer, output, started)
    return _exit_code(answer.verdicts, strict=strict)


@app.command()
@click.argument("model")
@click.argument("claim")
@_on_pages
@_with_files
def explain(*, model: str, claim: str, pages: tuple[Path, ...], weights: Path | None, source: Path | None) -> int:
    """Show how one verdict comes about: convention, per-stage table, remedy.

    MODEL is a model's name, or 'page' for a claim of the page itself; CLAIM a kind such as flops. 'verify list'
    shows both.
    """
    answer = _verified(_project(pages), (model,), (claim,), weights, source)
    from harness.report.terminal import print_verdict

    for verdict in answer.verdicts:
        print_verdict(_console(), verdict)
    return _exit_code(answer.verdicts, strict=False)


@app.command("list")
@_on_pages
def list_all(*, pages: tuple[Path, ...]) -> None:
    """List models, kinds of claim, and the checks that judge them."""
    from harness.checks import CHECKS
    from harness.report.listing import print_listing
    from harness.verify import read_claims

    checks = {
        kind: ((check.__doc__ or "").partition("\n")[0].partition(": ")[2], sorted(check.NEEDS))
        for kind, check in CHECKS.items()
    }
    print_listing(_console(), read_claims(_project(pages)), checks)


def main() -> NoReturn:
    """Run the command line; the process ends with one of the exit codes above."""
    if hasattr(signal, "SIGPIPE"):
        # A reader that has seen enough, such as `head`, ends the program, as it does everywhere.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # What a terminal's encoding lacks is written out; a closed stream swallows what it is given.
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or Path(os.devnull).open("w")  # noqa: SIM115 - open as long as the process
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, stream)
    # Torch makes some hundred thousand objects that live as long as the process: collecting them costs a third
    # of its import. Taking them down one by one at the end costs as much again.
    gc.disable()
    code = _run()
    try:
        sys.stdout.flush()
    except OSError:
        code = NOT_FINISHED
    sys.stderr.flush()
    os._exit(code)


def _run() -> int:
    try:
        return int(app.main(standalone_mode=False) or NOTHING_FALSE)
    except click.ClickException as error:
        error.show()
        return BAD_USAGE
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - told to the user, or shown with its traceback
        if _is_for_the_user(error):
            from harness.index.faults import visible

            print("\n".join(map(visible, str(error).split("\n"))), file=sys.stderr)
            return BAD_USAGE
        if isinstance(error, OSError):
            print(f"Could not finish: {error}", file=sys.stderr)
        else:
            traceback.print_exc()
        return NOT_FINISHED


def _is_for_the_user(error: Exception) -> bool:
    """Whether the error is about the user's files, and says what to mend."""
    from harness.index.faults import PageError
    from harness.project import ProjectError
    from harness.references import ReferenceFileError
    from harness.report.files import ReportError

    return isinstance(error, PageError | ProjectError | ReferenceFileError | ReportError)


def _project(pages: tuple[Path, ...]) -> "Project":
    from harness.project import find_project

    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise click.UsageError("The working folder is gone; change to one that exists.") from None
    return find_project(here, pages)


def _verified(
    project: "Project",
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    weights: Path | None,
    source: Path | None,
) -> "Answer":
    """The selected verdicts. Raises click.UsageError where the selection matches nothing."""
    from harness.measure.checkpoint import torch_hub_folder
    from harness.measure.source import is_repository
    from harness.project import Resources
    from harness.verify import Selection, verify

    if source and not is_repository(source):
        told = f"{source} is no git checkout or bare repository, or git is not installed"
        raise click.BadParameter(told, param_hint="--source")
    folder = weights or torch_hub_folder()
    resources = Resources(folder if folder.is_dir() else None, source)
    answer = verify(project, Selection(models, kinds), resources)
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


def _exit_code(verdicts: "Iterable[Verdict]", *, strict: bool) -> int:
    from harness.verdict import Status

    found = {verdict.status for verdict in verdicts}
    if Status.ERROR in found:
        return NOT_FINISHED
    false = {Status.FAIL, Status.EXPLAINED, Status.NOT_RUN} if strict else {Status.FAIL}
    return FALSE if found & false else NOTHING_FALSE


def _show(answer: "Answer", output: str, started: float) -> None:
    if output == "json":
        from harness.report.document import json_report

        sys.stdout.write(json_report(answer.verdicts, _environment(answer, started)))
    elif output == "markdown":
        from harness.report.markdown import report

        sys.stdout.write(report(answer.verdicts))
    else:
        from harness.report.terminal import print_verdicts

        print_verdicts(_console(), answer.verdicts)


def _environment(answer: "Answer", started: float) -> dict[str, Any]:
    from harness import __version__
    from harness.cache import library_versions

    return {
        "harness": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": library_versions(),
        "device": "meta",
        "cached": answer.cached,
        "seconds": round(time.monotonic() - started, 2),
    }


def _console() -> "Console":
    from rich.console import Console

    console = Console(highlight=False)
    console.width = min(console.width, _WIDEST)
    return console
