"""`verify report`: an HTML report."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.cli.exit_codes import NOTHING_FALSE
from harness.cli.output import refuse_to_overwrite_pages, verify_selected, write_file


@click.command()
@options.pages_argument
@options.selection_options
@click.option(
    "--html",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File to write. It needs no other files and no network.",
)
@click.option("--open", "in_browser", is_flag=True, help="Open the report in the browser.")
@options.resource_options
def report(*, pages: tuple[Path, ...], html: Path, in_browser: bool, **given: Any) -> int:
    """Verify, and write an HTML report.

    The report has a table to filter and sort, a section for each model, and figures.

    Exit codes: 0 the report was written, whatever it says; 2 bad usage or nothing to check.
    """
    from harness.report.html import html_report

    project = options.open_project(pages, allow_builders=given["allow_builders"])
    refuse_to_overwrite_pages(project, html)
    write_file(html, html_report(verify_selected(project, options.selection_of(given), given).verdicts))
    if in_browser:
        click.launch(str(html.resolve()))
    return NOTHING_FALSE
