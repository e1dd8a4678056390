"""`verify compare`: two evaluations of a model, image by image."""

from typing import TYPE_CHECKING

import click

from harness.cli.exit_codes import NOTHING_FALSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.evaluate.run.ledger import StoredEvaluation


@click.command()
@click.argument("model")
@click.argument("runs", nargs=-1, metavar="[RUN RUN]")
def compare(*, model: str, runs: tuple[str, ...]) -> int:
    """Compare two evaluations of a model, image by image.

    Which images flipped, and what McNemar's test makes of it.

    Without RUNs, list the evaluations that are kept on this machine. A RUN is the beginning of its name in that list.
    """
    from harness.evaluate.run.ledger import find_evaluations
    from harness.report.comparison import print_comparison, print_evaluations
    from harness.report.terminal import console

    found = find_evaluations(model)
    if not found:
        raise click.UsageError(f"No evaluation of {model} is kept here; run `verify all` with its weights and images.")
    if not runs:
        print_evaluations(console(), found)
        return NOTHING_FALSE
    if len(runs) != 2:
        raise click.UsageError("Name two runs, or none to see which there are.")
    print_comparison(console(), *(_run_called(name, found) for name in runs))
    return NOTHING_FALSE


def _run_called(name: str, runs: "Sequence[StoredEvaluation]") -> "StoredEvaluation":
    meant = [run for run in runs if run.key.startswith(name)]
    if len(meant) != 1:
        raise click.UsageError(f"{len(meant)} runs begin with {name}; `verify compare MODEL` lists them.")
    return meant[0]
