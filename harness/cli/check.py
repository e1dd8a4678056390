"""`verify check`: pages are read and compared with their schema and with each other."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.exit_codes import NOTHING_FALSE
from harness.cli.output import output_verdicts, refuse_to_overwrite_pages, require_selected


@click.command()
@options.pages_argument
@options.selection_options
@options.output_options
def check(*, pages: tuple[Path, ...], **given: Any) -> int:
    """Read pages, and report values that contradict each other.

    Nothing is built, measured or downloaded, so hundreds of models take a second. If one of two values must be wrong,
    both are reported. Values that are only suspicious are shown as `not_run`: measuring them decides.

    Exit codes: 0 nothing false, 1 a claim fails, 2 bad usage, 3 something could not be read.
    """
    from harness.commands.check import check as check_pages
    from harness.report.values import count_of

    project, selection = options.open_project(pages), options.selection_of(given)
    refuse_to_overwrite_pages(project, given["output"])
    checked, models = check_pages(project, selection)
    require_selected((claim for claim in checked.claims if claim in selection), checked.claims, selection)
    counts = ((len(project.pages), "page"), (models, "model"), (len(checked.claims), "claim"))
    read = ", ".join(count_of(*count) for count in counts)
    if not checked.verdicts:
        echo(f"{read} read; no finding.", err=given["report_format"] != "rich")
        if given["report_format"] == "rich":
            return NOTHING_FALSE
    else:
        echo(f"{read} read.", err=True)
    return output_verdicts(checked, project, given, overview=False)
