"""`verify report`: an HTML report."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options as opt
from harness.cli.exit_codes import NOTHING_FALSE
from harness.cli.options import open_project
from harness.cli.output import refuse_to_overwrite_pages, verify_selected, write_file


@click.command()
@opt.pages_argument
@opt.selection_options
@click.option(
    "--html",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File to write. It needs no other files and no network.",
)
@click.option("--open", "in_browser", is_flag=True, help="Open the report in the browser.")
@opt.resource_options
def report(
    *,
    pages: tuple[Path, ...],
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    html: Path,
    in_browser: bool,
    **options: Any,
) -> int:
    """Verify, and write an HTML report.

    The report has a table to filter and sort, a section for each model, and figures.

    Exit codes: 0 the report was written, whatever it says; 2 bad usage, an unreadable page or nothing to check.
    """
    from harness.report.html import html_report

    project = open_project(pages, allow_builders=options["allow_builders"])
    refuse_to_overwrite_pages(project, html)
    verification = verify_selected(project, models, kinds, options)
    write_file(html, html_report(verification.verdicts))
    click.echo(f"The report is {html}.", err=True)
    if in_browser:
        click.launch(str(html.resolve()))
    return NOTHING_FALSE
