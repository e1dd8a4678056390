"""`verify docs`: the pages that readers see."""

import click

from harness.cli.exit_codes import FALSE, NOT_FINISHED, NOTHING_FALSE
from harness.cli.options import find
from harness.cli.output import exit_code, print_diff


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; show what would change, and exit 1 if anything would.")
def docs(*, check: bool) -> int:
    """Render the pages, with a table of their verified claims.

    They are written to reports/pages/. Each page is a template of text, variables and files of modelindex/_includes/.
    The table stands where the page says {{ verified_claims }}, or before its citation; the model-index stays as it is.
    False claims are told on the page, not in the exit code.
    """
    from harness.commands.docs import can_be_rendered, document
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
