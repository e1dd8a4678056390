"""`verify lock`: the hashes of weights files."""

from pathlib import Path

import click

from harness.cli import options as opt
from harness.cli.exit_codes import BAD_USAGE, FALSE, NOTHING_FALSE
from harness.cli.options import open_project


@click.command()
@opt.pages_argument
@opt.weights_option
def lock(*, pages: tuple[Path, ...], weights: Path | None) -> int:
    """Lock the weights files that are here.

    Their SHA-256, size and address are written to modelindex/weights.lock. From then on, the claim on weights fails if
    the file here is another one, or if the page names another one. Files that are not here keep their entry.

    Exit codes: 0 no wrong file, 1 a file is wrong, 2 bad usage, an unreadable page or nothing to lock.
    """
    from dataclasses import replace

    from harness.commands.lock import lock_weights
    from harness.measure.checkpoint import torch_hub_folder
    from harness.project.lock import write_lock
    from harness.verdict import Status
    from harness.verify.reading import read_indexes

    project = open_project(pages)
    if not (project.root / "modelindex" / "verify.toml").is_file():
        raise click.UsageError(
            "There is no project to lock: expected modelindex/verify.toml here or in a folder above."
        )
    folder = weights or torch_hub_folder()
    resources = replace(project.resources, weights=folder if folder.is_dir() else None)
    results = lock_weights(read_indexes(project), resources)
    marks = {Status.PASS: "locked", Status.FAIL: "wrong", Status.NOT_RUN: "not here"}
    for result in results:
        click.echo(f"{marks[result.status]:8}  {result.model}: {result.message}")
    if not any(result.status is Status.PASS for result in results):
        message = "Nothing to lock: no weights file that the pages name is here; `verify fetch` downloads them."
        click.echo(message, err=True)
        return BAD_USAGE
    named = {name for name, _ in project.pages}
    others = [entry for entry in project.resources.lock.values() if entry.page not in named and not project.whole]
    write_lock(project.lock, [*others, *(result.entry for result in results if result.entry)])
    click.echo(f"The lock is {project.lock}.", err=True)
    return FALSE if any(result.status is Status.FAIL for result in results) else NOTHING_FALSE
