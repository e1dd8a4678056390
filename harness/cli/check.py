"""`verify check`: pages are read and compared with their schema and with each other."""

import time
from pathlib import Path

import click

from harness.cli import options as opt
from harness.cli.options import open_project
from harness.cli.output import OutputSettings, exit_code, output_verdicts, refuse_to_overwrite_pages, require_selected


@click.command()
@opt.pages_argument
@opt.selection_options
@opt.output_options
def check(
    *, pages: tuple[Path, ...], models: tuple[str, ...], kinds: tuple[str, ...], report_format: str, output: Path | None
) -> int:
    """Read pages, and report values that contradict each other.

    Nothing is built, measured or downloaded, so hundreds of models take a second. If one of two values must be wrong,
    both are reported.

    Exit codes: 0 nothing found, 1 a claim is suspicious, 2 bad usage or an unreadable page.
    """
    from harness.commands.check import check as check_pages
    from harness.report.values import count_of
    from harness.verify.run import Verification
    from harness.verify.selection import Selection

    started = time.monotonic()
    project = open_project(pages)
    refuse_to_overwrite_pages(project, output)
    selection = Selection(models, kinds)
    checked = check_pages(project, selection)
    require_selected((claim for claim in checked.claims if claim in selection), checked.claims, models, kinds)
    if checked.verdicts or report_format != "rich":
        settings = OutputSettings(report_format, output, strict=False, started=started, overview=False)
        output_verdicts(Verification(checked.verdicts, claims=checked.claims), project, settings)
    read = ", ".join(
        (count_of(checked.pages, "page"), count_of(checked.models, "model"), count_of(len(checked.claims), "claim"))
    )
    found = f"{count_of(len(checked.verdicts), 'claim')} suspicious" if checked.verdicts else "no finding"
    click.echo(f"{read} read; {found}.", err=report_format != "rich")
    return exit_code(checked.verdicts, strict=False)
