"""The report that people look at."""

from pathlib import Path
from typing import Any

import click

from harness.cli.exit_codes import NOTHING_FALSE
from harness.cli.options import find, on_claims, on_pages, with_files
from harness.cli.output import refuse_output, verified, write


@click.command()
@on_pages
@on_claims
@click.option(
    "--html",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the report is written: one file that needs no other and no network.",
)
@click.option("--open", "opened", is_flag=True, help="Show it in the browser.")
@with_files
def report(
    *,
    pages: tuple[Path, ...],
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    html: Path,
    opened: bool,
    **files: Any,
) -> int:
    """Verify, and write a report to look at: a table to filter and sort, a page a model, figures.

    The exit code says whether it was written, not whether claims are false.
    """
    from harness.report.html import html_report

    project = find(pages)
    refuse_output(project, html)
    answer = verified(project, models, kinds, files)
    write(html, html_report(answer.verdicts))
    click.echo(f"The report is {html}.", err=True)
    if opened:
        click.launch(str(html.resolve()))
    return NOTHING_FALSE
