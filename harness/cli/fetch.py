"""`verify fetch`: the weights files that pages name."""

from fnmatch import fnmatchcase
from pathlib import Path

import click

from harness.cli.exit_codes import FALSE, NOTHING_FALSE
from harness.cli.options import find, on_models, on_pages


@click.command()
@on_pages
@on_models
@click.option(
    "--weights",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to put them; torch hub's own folder by default.",
)
@click.option("--strict", is_flag=True, help="Also exit 1 where a file could not be fetched.")
def fetch(*, pages: tuple[Path, ...], models: tuple[str, ...], weights: Path | None, strict: bool) -> int:
    """Download the weights files that the pages name.

    Each is held against the digits of its SHA-256 in its name.
    """
    from harness.commands.fetch import fetch_weights
    from harness.measure.checkpoint import torch_hub_folder
    from harness.verdict import Status
    from harness.verify.run import read_weights

    named = [one for one in read_weights(find(pages)) if any(fnmatchcase(one[0], glob) for glob in models or "*")]
    if not named:
        raise click.UsageError("Nothing to fetch: no model of that name has weights.")
    found = set()
    for fetched in fetch_weights(named, weights or torch_hub_folder()):
        found.add(fetched.status)
        click.echo(f"{fetched.status.value.replace('_', ' '):7}  {fetched.model}: {fetched.told}")
    return FALSE if Status.FAIL in found or (strict and Status.NOT_RUN in found) else NOTHING_FALSE
