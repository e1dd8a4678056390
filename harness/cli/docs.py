"""`verify docs`: pages as their readers see them."""

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.exit_codes import FALSE, NOT_FINISHED, NOTHING_FALSE
from harness.cli.output import print_diff


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; show the differences, and exit with 1 if there are any.")
@options.builders_option
def docs(*, check: bool, allow_builders: bool) -> int:
    """Render the pages, with a table of their verified claims.

    Rendered pages are written to reports/pages/. Each page is a template that may use variables and include files of
    modelindex/_includes/. The table replaces {{ verified_claims }}, or is put before the citation.

    False claims are shown on the page and do not change the exit code. A page that cannot be read is not rendered: the
    exit code is 3.
    """
    from harness.commands.docs import can_be_rendered, document
    from harness.report.diff import unified_diff
    from harness.report.files import rendered_pages, write_pages
    from harness.report.progress import ProgressOnStderr

    project = options.open_project((), allow_builders=allow_builders)
    folder = project.root / "reports" / "pages"
    skipped = [name for name, _ in project.pages if not can_be_rendered(name)]
    if skipped:
        echo(f"Skipped, since they have no text to render: {', '.join(skipped)}.", err=True)
    documents = document(project, ProgressOnStderr())
    rendered, refused = documents.texts, documents.refused
    for name, reason in refused.items():
        echo(f"Not rendered: {name}: {reason}", err=True)
    if not check:
        write_pages(folder, rendered, project.root, keep=refused)
        echo(f"Wrote {folder}.", err=True)
        return NOT_FINISHED if refused else NOTHING_FALSE
    existing = rendered_pages(folder, rendered, project.root)
    existing = {name: text for name, text in existing.items() if name not in refused}
    stale = sorted(name for name in rendered.keys() | existing.keys() if rendered.get(name) != existing.get(name))
    for name in stale:
        print_diff(unified_diff(f"reports/pages/{name}", existing.get(name, ""), rendered.get(name, "")))
    message = f"Out of date: {', '.join(stale)}; run `verify docs`." if stale else "The rendered pages are up to date."
    echo(message, err=True)
    if refused:
        return NOT_FINISHED
    return FALSE if stale else NOTHING_FALSE
