"""`verify record`: accuracies measured here, for machines without the images."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options as opt
from harness.cli.exit_codes import BAD_USAGE, NOT_FINISHED, NOTHING_FALSE
from harness.cli.options import local_resources, open_project


@click.command()
@opt.pages_argument
@opt.model_option
@opt.resource_options
def record(*, pages: tuple[Path, ...], models: tuple[str, ...], **options: Any) -> int:
    """Evaluate models, and record their accuracies for other machines.

    Records are written to modelindex/records.json. If you commit the file, machines without the images verify
    accuracies by it, as long as weights and conditions stay the same.

    Exit codes: 0 accuracies were recorded, 2 bad usage, an unreadable page or nothing to record, 3 an evaluation could
    not finish.
    """
    from harness.commands.record import measure_records
    from harness.project.records import write_records
    from harness.report.progress import ProgressOnStderr
    from harness.verify.selection import Selection

    project = open_project(pages, allow_builders=options["allow_builders"])
    resources = local_resources(project, options)
    if resources.evaluation.early_stopping:
        raise click.UsageError("A record is of all images; remove --until-sure.")
    records, reasons = measure_records(project, Selection(models), resources, ProgressOnStderr())
    for reason in reasons:
        click.echo(f"Not recorded: {reason.reason}", err=True)
    failed = any(reason.failed for reason in reasons)
    if not records:
        click.echo("Nothing was recorded.", err=True)
        return NOT_FINISHED if failed else BAD_USAGE
    write_records(project.records, records)
    for entry in records:
        accuracies = f"top-1 {entry.percent('top_1')}%, top-5 {entry.percent('top_5')}%"
        click.echo(f"{entry.model} on {entry.dataset}: {accuracies}")
    click.echo(f"Records are in {project.records}.", err=True)
    return NOT_FINISHED if failed else NOTHING_FALSE
