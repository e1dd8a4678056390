"""`verify all`: every claim of every page."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.output import output_verdicts, refuse_to_overwrite_pages, verify_selected


@click.command("all")
@options.pages_argument
@options.selection_options
@options.resource_options
@options.network_options
@options.output_options
@options.strict_option
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to write reports to.  [default: reports/ beside modelindex/]",
)
def verify_all(*, pages: tuple[Path, ...], reports: Path | None, **given: Any) -> int:
    """Verify every claim of every page, and write reports.

    Quote patterns, such as 'docs/**/*.md'. torchvision:PATTERN names torchvision's own models. Without PAGE, the pages
    in modelindex/verify.toml are verified; the file is searched for in this folder and the folders above.

    Reports are written if all claims of all pages of the project are verified. With PAGE, they are written only to
    the folder that --reports names.

    Exit codes: 0 nothing false, 1 a claim fails, 2 bad usage or nothing to check, 3 something could not be
    read or finished.
    """
    project = options.open_project(pages, allow_builders=given["allow_builders"])
    refuse_to_overwrite_pages(project, given["output"])
    if reports:
        options.refuse_links_out(reports)
    verification = verify_selected(project, options.selection_of(given), given)
    if verification.portable and (reports or project.covers_all_pages):
        from harness.report.files import report_files, write_reports

        folder = reports or project.root / "reports"
        files = report_files(verification.portable, verification.left_out.for_reports)
        write_reports(folder, files, None if reports else project.root)
        echo(f"Wrote {folder}.", err=True)
    return output_verdicts(verification, project, given)
