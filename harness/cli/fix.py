"""`verify fix`: false values of pages replaced by measured ones."""

from pathlib import Path
from typing import Any

import click

from harness.cli.exit_codes import FALSE, NOT_FINISHED, NOTHING_FALSE
from harness.cli.options import find, on_claims, on_pages, resources, with_files
from harness.cli.output import exit_code, print_diff, verified


@click.command()
@on_pages
@on_claims
@click.option("--explained", is_flag=True, help="Also mend what is explained: reproduced, but under other conditions.")
@click.option("--dry-run", is_flag=True, help="Show the diff; write nothing.")
@with_files
def fix(
    *,
    pages: tuple[Path, ...],
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    explained: bool,
    dry_run: bool,
    **files: Any,
) -> int:
    """Rewrite false values of the pages to the measured ones.

    Only values that were measured here, or that a record or a reference on file states, are written, in the page's
    own style; no other character of the page is touched. What cannot be mended so is named, and makes the exit code 1.
    """
    from harness.commands.fix import propose_fixes, write_fixes
    from harness.index.faults import escape_controls
    from harness.report.diff import unified_diff
    from harness.report.progress import ProgressOnStderr
    from harness.verdict import Status
    from harness.verify.run import Selection

    project = find(pages)
    verdicts = verified(project, models, kinds, files).verdicts
    statuses = frozenset({Status.FAIL, Status.EXPLAINED} if explained else {Status.FAIL})
    fixes = propose_fixes(project, Selection(models, kinds), resources(project, files), ProgressOnStderr(), statuses)
    changed = [one for one in fixes if one.before != one.after]
    for one in changed:
        print_diff(unified_diff(one.name, one.before, one.after))
    if not dry_run:
        write_fixes(changed)
        for one in changed:
            click.echo(f"Mended {one.name}.", err=True)
    left = [pair for one in fixes for pair in one.left]
    for verdict, why in left:
        about = f"{verdict.claim.where}: {verdict.claim.kind} of {verdict.claim.model or 'page'}"
        click.echo(escape_controls(f"Left alone: {about}: {why}"), err=True)
    if not changed:
        click.echo("Nothing to mend.", err=True)
    if exit_code(verdicts, strict=False) == NOT_FINISHED:
        click.echo("A check could not finish; `verify all` tells which.", err=True)
        return NOT_FINISHED
    return FALSE if left or (dry_run and changed) else NOTHING_FALSE
