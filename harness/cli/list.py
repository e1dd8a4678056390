"""`verify list`: models, kinds of claim and checks."""

from pathlib import Path

import click

from harness.cli import options
from harness.cli.formats import check_descriptions


@click.command("list")
@options.pages_argument
def list_all(*, pages: tuple[Path, ...]) -> None:
    """List models, kinds of claim, and what each is checked against."""
    from harness.checks import CHECKS
    from harness.report.listing import print_listing
    from harness.report.terminal import console
    from harness.verify.reading import read_claims

    descriptions = check_descriptions()
    checks = {kind: (descriptions[kind], sorted(check.NEEDS)) for kind, check in CHECKS.items()}
    print_listing(console(), read_claims(options.open_project(pages)), checks)
