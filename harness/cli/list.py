"""`verify list`: models, kinds of claim and checks."""

from pathlib import Path

import click

from harness.cli import options
from harness.cli.formats import check_descriptions
from harness.cli.output import report_unread


@click.command("list")
@options.pages_argument
def list_all(*, pages: tuple[Path, ...]) -> int:
    """List models, kinds of claim, and what each is checked against.

    Exit codes: 0 every page was read, 2 bad usage, 3 a page or an entry could not be read.
    """
    from harness.checks import CHECKS
    from harness.report.listing import print_listing
    from harness.report.terminal import console
    from harness.verify.reading import read_claims

    descriptions = check_descriptions()
    checks = {kind: (descriptions[kind], sorted(check.NEEDS)) for kind, check in CHECKS.items()}
    claims = read_claims(options.open_project(pages))
    print_listing(console(), claims, checks)
    return report_unread(claims)
