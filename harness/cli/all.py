"""`verify all`: every claim of every page."""

import time
from pathlib import Path
from typing import Any

import click

from harness.cli.options import find, on_claims, on_pages, with_files, with_format, with_networks
from harness.cli.output import View, exit_code, refuse_output, show, verified


@click.command("all")
@on_pages
@on_claims
@with_files
@with_networks
@with_format
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where reports are written; reports/ beside modelindex/ by default.",
)
def verify_all(  # noqa: PLR0913 - a parameter for each flag
    *,
    pages: tuple[Path, ...],
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    form: str,
    output: Path | None,
    reports: Path | None,
    strict: bool,
    **files: Any,
) -> int:
    """Verify every claim of every page, and write reports/.

    PAGE is a file, a folder, a quoted pattern such as 'docs/**/*.md', or torchvision:PATTERN for torchvision's own
    models. Without PAGE, the pages named in modelindex/verify.toml, here or in a folder above. With --model or --claim
    no reports are written; with PAGE inside such a project, only where --reports says.

    Exit codes: 0 nothing false, 1 a claim fails, 2 bad usage, an unreadable page or nothing to check, 3 a check
    could not finish.
    """
    started = time.monotonic()
    project = find(pages)
    refuse_output(project, output)
    answer = verified(project, models, kinds, files)
    if answer.portable and (reports or project.whole):
        from harness.report.files import report_files, write_reports

        folder = reports or project.root / "reports"
        write_reports(folder, report_files(answer.portable))
        click.echo(f"Reports are in {folder}.", err=True)
    show(answer, project, View(form, output, strict, started))
    return exit_code(answer.verdicts, strict=strict)
