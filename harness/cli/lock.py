"""`verify lock`: the hashes of weights files."""

from pathlib import Path

import click

from harness.cli import options
from harness.cli.echo import echo
from harness.cli.exit_codes import BAD_USAGE, FALSE, NOTHING_FALSE
from harness.cli.output import report_unread


@click.command()
@options.pages_argument
@options.weights_option
def lock(*, pages: tuple[Path, ...], weights: Path | None) -> int:
    """Record the hashes of local weights files.

    Their SHA-256, size and address are written to modelindex/weights.lock. From then on, the claim on weights fails if
    the file or the page's address differs. Files that are missing on this machine keep their entry.

    Exit codes: 0 no wrong file, 1 a file is wrong, 2 bad usage or nothing to lock, 3 a page or an entry could not be
    read; its models keep their entries.
    """
    from dataclasses import replace

    from harness.commands.lock import lock_weights
    from harness.index.claims import claims
    from harness.project.lock import write_lock
    from harness.verdict import Status
    from harness.verify.reading import read_indexes

    project = options.open_project(pages)
    if not (project.root / "modelindex" / "verify.toml").is_file():
        message = "verify lock needs a project: no modelindex/verify.toml in this folder or its parents."
        raise click.UsageError(message)
    folder = options.weights_folder(weights)
    resources = replace(project.resources, weights=folder if folder and folder.is_dir() else None)
    indexes = read_indexes(project)
    results = lock_weights(indexes, resources)
    labels = {Status.PASS: "locked", Status.FAIL: "wrong", Status.NOT_RUN: "missing"}
    for result in results:
        echo(f"{labels[result.status]:7}  {result.model}: {result.message}")
    unread = report_unread(claim for index in indexes for claim in claims(index))
    statuses = {result.status for result in results}
    if Status.PASS not in statuses:
        message = "Nothing to lock: none of the declared weights files is on this machine; run `verify fetch`."
        echo(message, err=True)
        return unread or BAD_USAGE
    complete = {index.page.name for index in indexes if not index.unread}
    names = {name for name, _ in project.pages}
    kept = [
        entry
        for key, entry in project.resources.lock.items()
        if (entry.page not in names and not project.covers_all_pages)
        or (entry.page in names - complete and key not in {(result.page, result.model) for result in results})
    ]
    write_lock(project.lock, [*kept, *(result.entry for result in results if result.entry)])
    echo(f"Wrote {project.lock}.", err=True)
    return unread or (FALSE if Status.FAIL in statuses else NOTHING_FALSE)
