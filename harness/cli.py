"""Verbs, flags and exit codes."""

import platform
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.flags import on_pages, resources, with_files

# What a verb needs is imported where it needs it: `--help` and usage errors load next to nothing.
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from harness.evaluate.kept import KeptRun
    from harness.index.claim import Claim
    from harness.project import Project
    from harness.verdict import Verdict
    from harness.verify import Answer

NOTHING_FALSE, FALSE, BAD_USAGE, NOT_FINISHED, INTERRUPTED = 0, 1, 2, 3, 130

# Wider than that, lines are hard to read and padding takes over.
_WIDEST = 160


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(package_name="model-card-harness")
def app() -> None:
    """Re-measure every claim of a model-index page, and say pass or fail with evidence."""


@app.command("all")
@on_pages
@click.option("--model", "models", multiple=True, metavar="GLOB", help="Only these models; 'page' for the page itself.")
@click.option("--claim", "kinds", multiple=True, metavar="GLOB", help="Only these kinds of claim.")
@with_files
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
    output: str,
    reports: Path | None,
    strict: bool,
    **files: Any,
) -> int:
    """Verify every claim of every page, and write reports/.

    Without PAGE, the pages named in modelindex/verify.toml, here or in a folder above. With --model or --claim
    no reports are written; with PAGE inside such a project, only where --reports says.

    Exit codes: 0 nothing false, 1 a claim fails, 2 bad usage, an unreadable page or nothing to check, 3 a check
    could not finish.
    """
    started = time.monotonic()
    project = _project(pages)
    answer = _verified(project, models, kinds, files)
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
@on_pages
@with_files
def explain(*, model: str, claim: str, pages: tuple[Path, ...], **files: Any) -> int:
    """Show how one verdict comes about: convention, per-stage table, remedy.

    MODEL is a model's name, or 'page' for a claim of the page itself; CLAIM a kind such as flops. 'verify list'
    shows both.
    """
    answer = _verified(_project(pages), (model,), (claim,), files)
    from harness.report.terminal import print_verdict

    for verdict in answer.verdicts:
        print_verdict(_console(), verdict)
    return _exit_code(answer.verdicts, strict=False)


@app.command()
@on_pages
@click.option("--model", "models", multiple=True, metavar="GLOB", help="Only these models.")
@with_files
def record(*, pages: tuple[Path, ...], models: tuple[str, ...], **files: Any) -> int:
    """Evaluate accuracies, and write them to modelindex/records.json.

    Committed, the records let a machine without the images judge by them, until weights or conditions change.
    """
    from harness.record import write_records
    from harness.report.progress import ProgressOnStderr
    from harness.verify import Selection, measure_records

    project = _project(pages)
    found = resources(project, files)
    records, reasons = measure_records(project, Selection(models), found, ProgressOnStderr())
    for reason in reasons:
        click.echo(f"Not recorded: {reason.told}", err=True)
    failed = any(reason.failed for reason in reasons)
    if not records:
        click.echo("Nothing was recorded.", err=True)
        return NOT_FINISHED if failed else BAD_USAGE
    write_records(project.records, records)
    for one in records:
        click.echo(f"{one.model} on {one.dataset}: top-1 {one.percent('top_1')}%, top-5 {one.percent('top_5')}%")
    click.echo(f"Records are in {project.records}.", err=True)
    return NOT_FINISHED if failed else NOTHING_FALSE


@app.command()
@on_pages
@click.option("--model", "models", multiple=True, metavar="GLOB", help="Only the weights of these models.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to put them; torch hub's own folder by default.",
)
@click.option("--strict", is_flag=True, help="Also exit 1 where a file could not be fetched.")
def fetch(*, pages: tuple[Path, ...], models: tuple[str, ...], weights: Path | None, strict: bool) -> int:
    """Download the weights files that the pages name, and check the digits in their names."""
    from harness.fetch import fetch_weights
    from harness.measure.checkpoint import torch_hub_folder
    from harness.verdict import Status
    from harness.verify import read_weights

    named = [
        pair for pair in read_weights(_project(pages)) if any(fnmatchcase(pair[0], glob) for glob in models or "*")
    ]
    if not named:
        raise click.UsageError("Nothing to fetch: no model of that name has weights.")
    found = set()
    for fetched in fetch_weights(named, weights or torch_hub_folder()):
        found.add(fetched.status)
        click.echo(f"{fetched.status.value.replace('_', ' '):7}  {fetched.model}: {fetched.told}")
    return FALSE if Status.FAIL in found or (strict and Status.NOT_RUN in found) else NOTHING_FALSE


@app.command()
@click.argument("model")
@click.argument("runs", nargs=-1, metavar="[RUN RUN]")
def compare(*, model: str, runs: tuple[str, ...]) -> int:
    """Compare two evaluations of a model: which images flipped, and McNemar's test.

    Without RUNs, list the evaluations that are kept on this machine. A RUN is the beginning of its name in that list.
    """
    from harness.evaluate.kept import find_runs
    from harness.report.comparison import print_comparison, print_runs

    found = find_runs(model)
    if not found:
        raise click.UsageError(f"No evaluation of {model} is kept here; run `verify all` with its weights and images.")
    if not runs:
        print_runs(_console(), found)
        return NOTHING_FALSE
    if len(runs) != 2:
        raise click.UsageError("Name two runs, or none to see which there are.")
    print_comparison(_console(), *(_run_called(name, found) for name in runs))
    return NOTHING_FALSE


def _run_called(name: str, runs: "Sequence[KeptRun]") -> "KeptRun":
    meant = [run for run in runs if run.key.startswith(name)]
    if len(meant) != 1:
        raise click.UsageError(f"{len(meant)} runs begin with {name}; `verify compare MODEL` lists them.")
    return meant[0]


@app.command("list")
@on_pages
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


def _project(pages: tuple[Path, ...]) -> "Project":
    from harness.project import find_project

    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise click.UsageError("The working folder is gone; change to one that exists.") from None
    return find_project(here, pages)


def _verified(
    project: "Project", models: tuple[str, ...], kinds: tuple[str, ...], files: "Mapping[str, Any]"
) -> "Answer":
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
        "devices": sorted({verdict.environment.get("device", "meta") for verdict in answer.verdicts}),
        "cached": answer.cached,
        "seconds": round(time.monotonic() - started, 2),
    }


def _console() -> "Console":
    from rich.console import Console

    console = Console(highlight=False)
    console.width = min(console.width, _WIDEST)
    return console
