"""`verify record`: accuracies measured here, for machines without the images."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.exit_codes import BAD_USAGE, NOT_FINISHED, NOTHING_FALSE


@click.command()
@options.pages_argument
@options.model_option
@options.resource_options
def record(*, pages: tuple[Path, ...], models: tuple[str, ...], **given: Any) -> int:
    """Evaluate models, and record their accuracies for other machines.

    Records are written to modelindex/records.json. If you commit the file, machines without the images use it to verify
    accuracies, as long as weights and conditions stay the same.

    Exit codes: 0 accuracies were recorded, 2 bad usage, an unreadable page or nothing to record, 3 an evaluation could
    not finish.
    """
    from harness.commands.record import measure_records
    from harness.project.records import write_records
    from harness.report.progress import ProgressOnStderr
    from harness.verify.selection import Selection

    project = options.open_project(pages, allow_builders=given["allow_builders"])
    resources = options.local_resources(project, given)
    if resources.evaluation.early_stopping:
        raise click.UsageError("Records need all images; remove --until-sure.")
    records, reasons = measure_records(project, Selection(models), resources, ProgressOnStderr())
    for reason in reasons:
        echo(f"Not recorded: {reason.reason}", err=True)
    failed = any(reason.failed for reason in reasons)
    if not records:
        declared = "." if reasons else ": no selected model declares an accuracy."
        echo(f"Nothing to record{declared}", err=True)
        return NOT_FINISHED if failed else BAD_USAGE
    write_records(project.records, records)
    for entry in records:
        accuracies = f"top-1 {entry.percent('top_1')}%, top-5 {entry.percent('top_5')}%"
        echo(f"{entry.model} on {entry.dataset}: {accuracies}")
    echo(f"Wrote {project.records}.", err=True)
    return NOT_FINISHED if failed else NOTHING_FALSE
