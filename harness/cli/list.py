"""`verify list`: models, kinds of claim, and the checks that judge them."""

from pathlib import Path

import click

from harness.cli.options import find, on_pages
from harness.cli.output import rules


@click.command("list")
@on_pages
def list_all(*, pages: tuple[Path, ...]) -> None:
    """List models, kinds of claim, and the checks that judge them."""
    from harness.checks import CHECKS
    from harness.report.listing import print_listing
    from harness.report.terminal import console
    from harness.verify.run import read_claims

    told = rules()
    checks = {kind: (told[kind], sorted(check.NEEDS)) for kind, check in CHECKS.items()}
    print_listing(console(), read_claims(find(pages)), checks)
