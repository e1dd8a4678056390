"""`verify record`: accuracies measured here, written down for other machines."""

from pathlib import Path
from typing import Any

import click

from harness.cli.exit_codes import BAD_USAGE, NOT_FINISHED, NOTHING_FALSE
from harness.cli.options import find, on_models, on_pages, resources, with_files


@click.command()
@on_pages
@on_models
@with_files
def record(*, pages: tuple[Path, ...], models: tuple[str, ...], **files: Any) -> int:
    """Evaluate accuracies, and write them down for other machines.

    They are in modelindex/records.json. Committed, the records let a machine without the images
    judge by them, until weights or conditions change.
    """
    from harness.project.records import write_records
    from harness.report.progress import ProgressOnStderr
    from harness.verify.run import Selection, measure_records

    project = find(pages)
    found = resources(project, files)
    if found.evaluation.early_stopping:
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
