"""Weights files: fetched, and locked to what they were when they were seen."""

from fnmatch import fnmatchcase
from pathlib import Path

import click

from harness.exit_codes import BAD_USAGE, FALSE, NOTHING_FALSE
from harness.flags import find, on_models, on_pages


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
    from harness.fetch import fetch_weights
    from harness.measure.checkpoint import torch_hub_folder
    from harness.verdict import Status
    from harness.verify import read_weights

    named = [one for one in read_weights(find(pages)) if any(fnmatchcase(one[0], glob) for glob in models or "*")]
    if not named:
        raise click.UsageError("Nothing to fetch: no model of that name has weights.")
    found = set()
    for fetched in fetch_weights(named, weights or torch_hub_folder()):
        found.add(fetched.status)
        click.echo(f"{fetched.status.value.replace('_', ' '):7}  {fetched.model}: {fetched.told}")
    return FALSE if Status.FAIL in found or (strict and Status.NOT_RUN in found) else NOTHING_FALSE


@click.command()
@on_pages
@click.option(
    "--weights",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Where weights files lie; torch hub's own folder by default.",
)
def lock(*, pages: tuple[Path, ...], weights: Path | None) -> int:
    """Lock the weights files that lie here to what they are.

    Their SHA-256, size and address are written to modelindex/weights.lock. From then on, a file that is
    another fails, and so does a page that names another one. What is not here keeps its entry.
    """
    from dataclasses import replace

    from harness.lock import write_lock
    from harness.locking import see_weights
    from harness.measure.checkpoint import torch_hub_folder
    from harness.verdict import Status
    from harness.verify import read_indexes

    project = find(pages)
    if not (project.root / "modelindex" / "verify.toml").is_file():
        raise click.UsageError("There is no project here to lock: a lock stands beside modelindex/verify.toml.")
    folder = weights or torch_hub_folder()
    seen = see_weights(read_indexes(project), replace(project.resources, weights=folder if folder.is_dir() else None))
    marks = {Status.PASS: "locked", Status.FAIL: "wrong", Status.NOT_RUN: "not here"}
    for one in seen:
        click.echo(f"{marks[one.status]:8}  {one.model}: {one.told}")
    named = {name for name, _ in project.pages}
    kept = [entry for entry in project.resources.lock.values() if entry.page not in named and not project.whole]
    entries = [one.entry for one in seen if one.entry]
    if not any(one.status is Status.PASS for one in seen):
        click.echo(
            "Nothing to lock: no weights file that the pages name is here; `verify fetch` fetches them.", err=True
        )
        return BAD_USAGE
    write_lock(project.lock, [*kept, *entries])
    click.echo(f"The lock is {project.lock}.", err=True)
    return FALSE if any(one.status is Status.FAIL for one in seen) else NOTHING_FALSE
