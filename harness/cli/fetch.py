"""`verify fetch`: the weights files that pages name."""

from pathlib import Path

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.exit_codes import FALSE, NOTHING_FALSE
from harness.cli.output import report_unread


@click.command()
@options.pages_argument
@options.model_option
@click.option(
    "--weights",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder to download to.  [default: torch hub's checkpoints folder]",
)
@click.option("--strict", is_flag=True, help="Also exit with 1 if a file could not be downloaded.")
def fetch(*, pages: tuple[Path, ...], models: tuple[str, ...], weights: Path | None, strict: bool) -> int:
    """Download the weights files that the pages name.

    Each file is checked against the digits of its SHA-256 in its name.

    Exit codes: 0 no wrong file, 1 a file is wrong, 2 bad usage, 3 a page or an entry could not be read.
    """
    from harness.commands.fetch import declared_weights, fetch_weights
    from harness.verdict import Status
    from harness.verify.reading import read_claims
    from harness.verify.selection import Selection

    project = options.open_project(pages)
    claims = read_claims(project)
    declared = declared_weights(project, claims, Selection(models))
    unread = report_unread(claims)
    if not declared and not unread:
        raise click.UsageError("Nothing to fetch: no selected model declares weights.")
    folder = options.weights_folder(weights)
    if folder is None:
        raise click.UsageError("Torch hub's folder is in the checkout; pass --weights with the folder to download to.")
    options.refuse_links_out(folder)
    statuses = set()
    for fetched in fetch_weights(declared, folder):
        statuses.add(fetched.status)
        echo(f"{fetched.status.value.replace('_', ' '):7}  {fetched.model}: {fetched.message}")
    wrong = Status.FAIL in statuses or (strict and Status.NOT_RUN in statuses)
    return unread or (FALSE if wrong else NOTHING_FALSE)
