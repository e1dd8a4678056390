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

    Shows the images whose result changed, and McNemar's test on them.

    Without RUN, lists the evaluations that are stored on this machine. RUN is the beginning of a name in that list.
    """
    from harness.cli.options import warn_about_cache
    from harness.evaluate.run.ledger import find_evaluations
    from harness.report.comparison import print_comparison, print_evaluations
    from harness.report.terminal import console

    warn_about_cache()
    stored = find_evaluations(model)
    if not stored:
        raise click.UsageError(f"No evaluation of {model} is stored; run `verify all` with its weights and images.")
    if not runs:
        print_evaluations(console(), stored)
        return NOTHING_FALSE
    if len(runs) != 2:
        raise click.UsageError("Name two runs to compare, or none to list them.")
    print_comparison(console(), *(_run_named(name, stored) for name in runs))
    return NOTHING_FALSE


def _run_named(name: str, runs: "Sequence[StoredEvaluation]") -> "StoredEvaluation":
    matching = [run for run in runs if run.key.startswith(name)]
    if len(matching) != 1:
        raise click.UsageError(f"{len(matching)} runs begin with {name}; `verify compare MODEL` lists them.")
    return matching[0]
