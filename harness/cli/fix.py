"""`verify fix`: false values of pages replaced by true ones."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options as opt
from harness.cli.exit_codes import FALSE, NOT_FINISHED, NOTHING_FALSE
from harness.cli.options import local_resources, open_project
from harness.cli.output import exit_code, print_diff, require_selected


@click.command()
@opt.pages_argument
@opt.selection_options
@click.option("--explained", is_flag=True, help="Also fix explained claims: those that hold under other conditions.")
@click.option("--dry-run", is_flag=True, help="Show the changes; write nothing.")
@opt.resource_options
def fix(
    *,
    pages: tuple[Path, ...],
    models: tuple[str, ...],
    kinds: tuple[str, ...],
    explained: bool,
    dry_run: bool,
    **options: Any,
) -> int:
    """Replace false values on the pages by true ones.

    A true value is one that was measured here, or that a record or a reference states. It is written in the style of
    the page; nothing else on the page changes.

    Exit codes: 0 everything false was fixed, 1 something was not, 2 bad usage or an unreadable page, 3 a check could
    not finish.
    """
    from harness.commands.fix import propose_fixes, write_fixes
    from harness.index.faults import escape_controls
    from harness.report.diff import unified_diff
    from harness.report.progress import ProgressOnStderr
    from harness.verdict import Status
    from harness.verify.selection import Selection

    project = open_project(pages, allow_builders=options["allow_builders"])
    resources = local_resources(project, options)
    statuses = frozenset({Status.FAIL, Status.EXPLAINED} if explained else {Status.FAIL})
    verification, fixes = propose_fixes(project, Selection(models, kinds), resources, ProgressOnStderr(), statuses)
    require_selected(verification.verdicts, verification.claims, models, kinds)
    changed = [page for page in fixes if page.before != page.after]
    for page in changed:
        print_diff(unified_diff(page.name, page.before, page.after))
    if not dry_run:
        write_fixes(changed)
        for page in changed:
            click.echo(f"Fixed {page.name}.", err=True)
    left = [item for page in fixes for item in page.left]
    for verdict, reason in left:
        claim = verdict.claim
        message = f"Not fixed: {claim.where}: {claim.kind} of {claim.model or 'page'}: {reason}"
        click.echo(escape_controls(message), err=True)
    if not changed:
        click.echo("Nothing to fix.", err=True)
    if exit_code(verification.verdicts, strict=False) == NOT_FINISHED:
        click.echo("A check could not finish; `verify all` shows which.", err=True)
        return NOT_FINISHED
    return FALSE if left or (dry_run and changed) else NOTHING_FALSE
