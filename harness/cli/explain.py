"""`verify explain`: one verdict with all its evidence."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options as opt
from harness.cli.options import open_project
from harness.cli.output import exit_code, verify_selected


@click.command()
@click.argument("model")
@click.argument("claim")
@opt.pages_argument
@opt.resource_options
@opt.network_options
def explain(*, model: str, claim: str, pages: tuple[Path, ...], **options: Any) -> int:
    """Show a verdict with all its evidence.

    MODEL is a model's name, or 'page' for a claim of the page itself. CLAIM is a kind of claim, such as flops.
    'verify list' shows both.
    """
    verification = verify_selected(
        open_project(pages, allow_builders=options["allow_builders"]), (model,), (claim,), options
    )
    from harness.report.terminal import console, print_verdict

    for verdict in verification.verdicts:
        print_verdict(console(), verdict)
    return exit_code(verification.verdicts, strict=False)
