"""`verify all`: every claim of every page."""

import time
from pathlib import Path
from typing import Any

import click

from harness.cli import options as opt
from harness.cli.options import open_project
from harness.cli.output import OutputSettings, exit_code, output_verdicts, refuse_to_overwrite_pages, verify_selected


@click.command("all")
@opt.pages_argument
@opt.selection_options
@opt.resource_options
@opt.network_options
@opt.output_options
@opt.strict_option
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to write reports to.  [default: reports/ beside modelindex/]",
)
def verify_all(  # noqa: PLR0913 - a parameter for each option
    *,
    pages: tuple[Path, ...],
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    report_format: str,
    output: Path | None,
    reports: Path | None,
    strict: bool,
    **options: Any,
) -> int:
    """Verify every claim of every page, and write reports.

    PAGE is a file, a folder, a quoted pattern such as 'docs/**/*.md', or torchvision:PATTERN for torchvision's own
    models. Without PAGE, the pages in modelindex/verify.toml are verified; the file is searched for in this folder and
    the folders above.

    Reports are written if all claims of all pages of the project are verified. With PAGE, they are written only to
    the folder that --reports names.

    Exit codes: 0 nothing false, 1 a claim fails, 2 bad usage, an unreadable page or nothing to check, 3 a check
    could not finish.
    """
    started = time.monotonic()
    project = open_project(pages, allow_builders=options["allow_builders"])
    refuse_to_overwrite_pages(project, output)
    verification = verify_selected(project, models, kinds, options)
    if verification.portable and (reports or project.whole):
        from harness.report.files import report_files, write_reports

        folder = reports or project.root / "reports"
        write_reports(folder, report_files(verification.portable))
        click.echo(f"Reports are in {folder}.", err=True)
    output_verdicts(verification, project, OutputSettings(report_format, output, strict, started))
    return exit_code(verification.verdicts, strict=strict)
