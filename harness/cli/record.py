"""`verify record`: accuracies measured here, for machines without the images."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.exit_codes import BAD_USAGE, NOT_FINISHED, NOTHING_FALSE
from harness.cli.output import report_unread


@click.command()
@options.pages_argument
@options.model_option
@options.resource_options
def record(*, pages: tuple[Path, ...], models: tuple[str, ...], **given: Any) -> int:
    """Evaluate models, and record their accuracies for other machines.

    Records are written to modelindex/records.json. If you commit the file, machines without the images use it to verify
    accuracies, as long as weights and conditions stay the same.

    Exit codes: 0 accuracies were recorded, 2 bad usage or nothing to record, 3 something could not be read or
    finished.
    """
    from harness.commands.record import measure_records
    from harness.index.claims import claims
    from harness.project.records import write_records
    from harness.report.progress import ProgressOnStderr
    from harness.verify.reading import read_indexes
    from harness.verify.selection import Selection

    project = options.open_project(pages, allow_builders=given["allow_builders"])
    resources = options.local_resources(project, given)
    if resources.evaluation.early_stopping:
        raise click.UsageError("Records need all images; remove --until-sure.")
    declared = {index: claims(index) for index in read_indexes(project)}
    unread = report_unread(claim for of_page in declared.values() for claim in of_page)
    selection = Selection(models)
    selected = {index: [claim for claim in of_page if claim in selection] for index, of_page in declared.items()}
    records, reasons = measure_records(project, selected, resources, ProgressOnStderr())
    for reason in reasons:
        echo(f"Not recorded: {reason.reason}", err=True)
    failed = any(reason.failed for reason in reasons)
    if not records:
        missing = "." if reasons else ": no selected model declares an accuracy."
        echo(f"Nothing to record{missing}", err=True)
        return NOT_FINISHED if failed or unread else BAD_USAGE
    write_records(project.records, records)
    for entry in records:
        accuracies = f"top-1 {entry.percent('top_1')}%, top-5 {entry.percent('top_5')}%"
        echo(f"{entry.model} on {entry.dataset}: {accuracies}")
    echo(f"Wrote {project.records}.", err=True)
    return NOT_FINISHED if failed or unread else NOTHING_FALSE
