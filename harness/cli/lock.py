"""`verify lock`: the hashes of weights files."""

from pathlib import Path

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.exit_codes import BAD_USAGE, FALSE, NOTHING_FALSE


@click.command()
@options.pages_argument
@options.weights_option
def lock(*, pages: tuple[Path, ...], weights: Path | None) -> int:
    """Record the hashes of local weights files.

    Their SHA-256, size and address are written to modelindex/weights.lock. From then on, the claim on weights fails if
    the file or the page's address differs. Files that are missing on this machine keep their entry.

    Exit codes: 0 no wrong file, 1 a file is wrong, 2 bad usage, an unreadable page or nothing to lock.
    """
    from dataclasses import replace

    from harness.commands.lock import lock_weights
    from harness.project.lock import write_lock
    from harness.verdict import Status
    from harness.verify.reading import read_indexes

    project = options.open_project(pages)
    if not (project.root / "modelindex" / "verify.toml").is_file():
        message = "verify lock needs a project: no modelindex/verify.toml in this folder or its parents."
        raise click.UsageError(message)
    folder = options.weights_folder(weights)
    resources = replace(project.resources, weights=folder if folder and folder.is_dir() else None)
    results = lock_weights(read_indexes(project), resources)
    labels = {Status.PASS: "locked", Status.FAIL: "wrong", Status.NOT_RUN: "missing"}
    for result in results:
        echo(f"{labels[result.status]:7}  {result.model}: {result.message}")
    statuses = {result.status for result in results}
    if Status.PASS not in statuses:
        message = "Nothing to lock: none of the declared weights files is on this machine; run `verify fetch`."
        echo(message, err=True)
        return BAD_USAGE
    names = {name for name, _ in project.pages}
    others = () if project.covers_all_pages else project.resources.lock.values()
    kept = [entry for entry in others if entry.page not in names]
    write_lock(project.lock, [*kept, *(result.entry for result in results if result.entry)])
    echo(f"Wrote {project.lock}.", err=True)
    return FALSE if Status.FAIL in statuses else NOTHING_FALSE
