"""`verify lock`: weights files locked to what they are."""

from pathlib import Path

import click

from harness.cli.exit_codes import BAD_USAGE, FALSE, NOTHING_FALSE
from harness.cli.options import find, on_pages


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

    from harness.commands.lock import see_weights
    from harness.measure.checkpoint import torch_hub_folder
    from harness.project.lock import write_lock
    from harness.verdict import Status
    from harness.verify.run import read_indexes

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
