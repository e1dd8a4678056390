"""`verify explain`: one verdict with all its evidence."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.cli.exit_codes import exit_code
from harness.cli.output import verify_selected


@click.command()
@click.argument("model")
@click.argument("claim")
@options.pages_argument
@options.resource_options
@options.network_options
def explain(*, model: str, claim: str, pages: tuple[Path, ...], **given: Any) -> int:
    """Show a verdict with all its evidence.

    MODEL is a model's name, or 'page' for a claim of the page itself. CLAIM is a kind of claim, such as flops.
    'verify list' shows both.
    """
    from harness.verify.selection import Selection

    verification = verify_selected(
        options.open_project(pages, allow_builders=given["allow_builders"]), Selection((model,), (claim,)), given
    )
    from harness.report.terminal import console, print_verdict

    for verdict in verification.verdicts:
        print_verdict(console(), verdict)
    return exit_code(verification.verdicts)
