"""Kept evaluations of a model as a table, and two of them against each other."""

from collections.abc import Sequence
from typing import Any, Protocol

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.evaluate.comparison import compare
from harness.evaluate.scores import Counts, Prediction

_SHOWN = 8
_MOST_IMAGES = 20
_ALPHA = 0.05


class Run(Protocol):
    """What is shown of an evaluation."""

    @property
    def key(self) -> str:
        """Its name."""

    @property
    def description(self) -> dict[str, Any]:
        """What it depended on."""

    @property
    def dates(self) -> tuple[str, ...]:
        """When it ran."""

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """What it found."""

    @property
    def counts(self) -> Counts:
        """Its counts."""


def print_runs(console: Console, runs: Sequence[Run]) -> None:
    """A line for each evaluation."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for column in ("run", "date", "weights", "conditions", "precision", "device", "images", "top-1", "top-5"):
        table.add_column(column, overflow="fold")
    for run in runs:
        table.add_row(
            run.key[:_SHOWN],
            run.dates[-1],
            str(run.description["weights"])[:_SHOWN],
            _conditions(run),
            str(run.description["precision"]),
            str(run.description["device"]),
            str(run.counts.images),
            f"{run.counts.percent('top_1')}%",
            f"{run.counts.percent('top_5')}%",
        )
    console.print(table)


def print_comparison(console: Console, first: Run, second: Run) -> None:
    """What differs in how they were made, and which images flipped."""
    for name, run in (("first", first), ("second", second)):
        console.print(Text(f"{name}: {run.key[:_SHOWN]}, {run.dates[-1]}, {_conditions(run)}, {_about(run)}"))
    for metric in ("top_1", "top_5"):
        found = compare(first.predictions, second.predictions, metric)
        if not found.images:
            console.print(Text("They have no image in common."))
            return
        verdict = "no more than chance would do" if found.p_value > _ALPHA else "more than chance would do"
        console.print()
        told = f"{len(found.lost)} lost, {len(found.gained)} gained of {found.images} images"
        console.print(Text.assemble((metric.replace("_", "-"), "bold"), f": {told}"))
        console.print(Text(f"McNemar's exact test: p = {found.p_value:.3g}, {verdict}"))
        for what, images in (("lost", found.lost), ("gained", found.gained)):
            more = f" and {len(images) - _MOST_IMAGES} more" if len(images) > _MOST_IMAGES else ""
            if images:
                console.print(Text(f"{what}: {', '.join(images[:_MOST_IMAGES])}{more}"))


def _conditions(run: Run) -> str:
    known = run.description["conditions"]
    usual = f"{known['image_size']} crop {known['crop_pct']} {known['interpolation']}"
    return usual if known["channels"] == "RGB" else f"{usual} {known['channels']}"


def _about(run: Run) -> str:
    told = run.description
    return f"weights {str(told['weights'])[:_SHOWN]}, {told['precision']} on {told['device']}"
