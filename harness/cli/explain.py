"""`verify explain`: one verdict with all its evidence."""

from pathlib import Path
from typing import Any

import click

from harness.cli.options import find, on_pages, with_files, with_networks
from harness.cli.output import exit_code, verified


@click.command()
@click.argument("model")
@click.argument("claim")
@on_pages
@with_files
@with_networks
def explain(*, model: str, claim: str, pages: tuple[Path, ...], **files: Any) -> int:
    """Show how one verdict comes about, with all its evidence.

    MODEL is a model's name, or 'page' for a claim of the page itself; CLAIM a kind such as flops. 'verify list'
    shows both.
    """
    answer = verified(find(pages), (model,), (claim,), files)
    from harness.report.terminal import console, print_verdict

    for verdict in answer.verdicts:
        print_verdict(console(), verdict)
    return exit_code(answer.verdicts, strict=False)
