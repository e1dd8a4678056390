"""Pages read, held against their schema and against each other, and no more."""

import time
from pathlib import Path

import click

from harness.cli.options import find, on_claims, on_pages, with_form
from harness.cli.output import View, exit_code, nothing_selected, refuse_output, show


@click.command()
@on_pages
@on_claims
@with_form
def check(
    *, pages: tuple[Path, ...], models: tuple[str, ...], kinds: tuple[str, ...], form: str, output: Path | None
) -> int:
    """Read pages, and say what on them cannot be right together.

    Nothing is built, measured or downloaded: this takes a second for hundreds of models. Of two values that cannot
    both be right, both are shown.

    Exit codes: 0 nothing found, 1 something is suspicious, 2 bad usage or a page that cannot be read.
    """
    from harness.commands.check import check as check_pages
    from harness.report.values import count_of
    from harness.verify.run import Answer, Selection

    started = time.monotonic()
    project = find(pages)
    refuse_output(project, output)
    selection = Selection(models, kinds)
    checked = check_pages(project, selection)
    if not any(claim in selection for claim in checked.claims):
        raise click.UsageError(nothing_selected(checked.claims, models, kinds))
    if checked.verdicts or form != "rich":
        answer = Answer(checked.verdicts, (), checked.claims, cached=False)
        show(answer, project, View(form, output, strict=False, started=started, overview=False))
    read = ", ".join(
        (count_of(checked.pages, "page"), count_of(checked.models, "model"), count_of(len(checked.claims), "claim"))
    )
    found = f"{count_of(len(checked.verdicts), 'claim')} suspicious" if checked.verdicts else "no finding"
    click.echo(f"{read} read; {found}.", err=form != "rich")
    return exit_code(checked.verdicts, strict=False)
