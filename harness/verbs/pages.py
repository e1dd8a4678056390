"""The pages themselves: what is false on them mended, and what readers see of them written."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.exit_codes import FALSE, NOT_FINISHED, NOTHING_FALSE
from harness.flags import find, on_claims, on_pages, resources, with_files
from harness.verbs.outcome import exit_code, no_commands, verified

if TYPE_CHECKING:
    from collections.abc import Iterable

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


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
    from harness.fixing import propose_fixes, write_fixes
    from harness.index.faults import visible
    from harness.report.diff import unified_diff
    from harness.report.progress import ProgressOnStderr
    from harness.verdict import Status
    from harness.verify import Selection

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
        click.echo(visible(f"Left alone: {about}: {why}"), err=True)
    if not changed:
        click.echo("Nothing to mend.", err=True)
    if exit_code(verdicts, strict=False) == NOT_FINISHED:
        click.echo("A check could not finish; `verify all` tells which.", err=True)
        return NOT_FINISHED
    return FALSE if left or (dry_run and changed) else NOTHING_FALSE


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; show what would change, and exit 1 if anything would.")
def docs(*, check: bool) -> int:
    """Render the pages, with a table of their verified claims.

    They are written to reports/pages/. Each page is a template of text, variables and files of modelindex/_includes/.
    The table stands where the page says {{ verified_claims }}, or before its citation; the model-index stays as it is.
    False claims are told on the page, not in the exit code.
    """
    from harness.documentation import can_be_rendered, document
    from harness.report.diff import unified_diff
    from harness.report.files import rendered_pages, write_pages
    from harness.report.progress import ProgressOnStderr

    project = find(())
    folder = project.root / "reports" / "pages"
    left_out = [name for name, _ in project.pages if not can_be_rendered(name)]
    if left_out:
        click.echo(f"Left out, with nothing on them to render: {', '.join(left_out)}.", err=True)
    rendered, verdicts = document(project, ProgressOnStderr())
    if exit_code(verdicts, strict=False) == NOT_FINISHED:
        click.echo("A check could not finish, so nothing is rendered; `verify all` tells which.", err=True)
        return NOT_FINISHED
    if not check:
        write_pages(folder, rendered)
        click.echo(f"The pages are in {folder}.", err=True)
        return NOTHING_FALSE
    there = rendered_pages(folder, rendered)
    stale = sorted(name for name in rendered.keys() | there.keys() if rendered.get(name) != there.get(name))
    for name in stale:
        print_diff(unified_diff(f"reports/pages/{name}", there.get(name, ""), rendered.get(name, "")))
    told = f"Stale: {', '.join(stale)}; run `verify docs`." if stale else "The pages are what `verify docs` writes."
    click.echo(told, err=True)
    return FALSE if stale else NOTHING_FALSE


def print_diff(lines: "Iterable[str]") -> None:
    """Print a difference of pages, in colours where there are some."""
    from harness.index.faults import visible

    with no_commands():
        for line in lines:
            click.secho(visible(line.removesuffix("\r")), fg=_COLOURS.get(line[:1]))
    sys.stdout.flush()
