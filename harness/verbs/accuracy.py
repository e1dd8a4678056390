"""Accuracies as evaluated here: written down for other machines, and compared with each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.exit_codes import BAD_USAGE, NOT_FINISHED, NOTHING_FALSE
from harness.flags import find, on_models, on_pages, resources, with_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.evaluate.kept import KeptRun


@click.command()
@on_pages
@on_models
@with_files
def record(*, pages: tuple[Path, ...], models: tuple[str, ...], **files: Any) -> int:
    """Evaluate accuracies, and write them down for other machines.

    They are in modelindex/records.json. Committed, the records let a machine without the images
    judge by them, until weights or conditions change.
    """
    from harness.record import write_records
    from harness.report.progress import ProgressOnStderr
    from harness.verify import Selection, measure_records

    project = find(pages)
    found = resources(project, files)
    if found.evaluation.until_sure:
        raise click.UsageError("A record is of all images; leave --until-sure away.")
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


@click.command()
@click.argument("model")
@click.argument("runs", nargs=-1, metavar="[RUN RUN]")
def compare(*, model: str, runs: tuple[str, ...]) -> int:
    """Compare two evaluations of a model, image by image.

    Which images flipped, and what McNemar's test makes of it.

    Without RUNs, list the evaluations that are kept on this machine. A RUN is the beginning of its name in that list.
    """
    from harness.evaluate.kept import find_runs
    from harness.report.comparison import print_comparison, print_runs
    from harness.report.terminal import console

    found = find_runs(model)
    if not found:
        raise click.UsageError(f"No evaluation of {model} is kept here; run `verify all` with its weights and images.")
    if not runs:
        print_runs(console(), found)
        return NOTHING_FALSE
    if len(runs) != 2:
        raise click.UsageError("Name two runs, or none to see which there are.")
    print_comparison(console(), *(_run_called(name, found) for name in runs))
    return NOTHING_FALSE


def _run_called(name: str, runs: "Sequence[KeptRun]") -> "KeptRun":
    meant = [run for run in runs if run.key.startswith(name)]
    if len(meant) != 1:
        raise click.UsageError(f"{len(meant)} runs begin with {name}; `verify compare MODEL` lists them.")
    return meant[0]
