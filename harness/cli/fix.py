"""`verify fix`: false values of pages replaced by true ones."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.exit_codes import FALSE, NOT_FINISHED, NOTHING_FALSE, exit_code
from harness.cli.output import print_diff, require_selected


@click.command()
@options.pages_argument
@options.selection_options
@click.option("--explained", is_flag=True, help="Also fix explained claims: those that hold under other conditions.")
@click.option("--dry-run", is_flag=True, help="Show the changes; write nothing.")
@options.resource_options
def fix(*, pages: tuple[Path, ...], explained: bool, dry_run: bool, **given: Any) -> int:
    """Replace false values on the pages with measured ones.

    A true value is one that was measured here, or that a record or a reference states. It is written in the style of
    the page; nothing else on the page changes.

    Exit codes: 0 everything false was fixed, 1 some claims were not fixed, 2 bad usage, 3 something could not be
    read or finished.
    """
    from harness.commands.fix import propose_fixes, write_fixes
    from harness.report.diff import unified_diff
    from harness.report.progress import ProgressOnStderr
    from harness.verdict import Status

    project, selection = (
        options.open_project(pages, allow_builders=given["allow_builders"]),
        options.selection_of(given),
    )
    resources = options.local_resources(project, given)
    statuses = frozenset({Status.FAIL, Status.EXPLAINED} if explained else {Status.FAIL})
    verification, fixes = propose_fixes(project, selection, resources, ProgressOnStderr(), statuses)
    require_selected((claim for claim in verification.claims if claim in selection), verification.claims, selection)
    changed = [page for page in fixes if page.before != page.after]
    for page in changed:
        print_diff(unified_diff(page.name, page.before, page.after))
    if not dry_run:
        write_fixes(changed)
        for page in changed:
            echo(f"Fixed {page.name}.", err=True)
    unfixed = [item for page in fixes for item in page.unfixed]
    for verdict, reason in unfixed:
        claim = verdict.claim
        echo(f"Not fixed: {claim.where}: {claim.kind} of {claim.model or 'page'}: {reason}", err=True)
    if not changed and not unfixed:
        echo("Nothing to fix.", err=True)
    if exit_code(verification.verdicts) == NOT_FINISHED:
        echo("Something could not be read or finished; `verify all` shows what.", err=True)
        return NOT_FINISHED
    return FALSE if unfixed or (dry_run and changed) else NOTHING_FALSE
