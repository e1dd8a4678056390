"""Kept evaluations of a model as a table, and two of them against each other."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.evaluate.data.conditions import IMAGENET_MEAN
from harness.evaluate.run.history import KeptRun
from harness.evaluate.statistics.comparison import compare

_SHOWN = 6
_MOST_IMAGES = 20
_ALPHA = 0.05


def print_runs(console: Console, runs: Sequence[KeptRun]) -> None:
    """What all evaluations share, and a line for each with what they do not."""
    told = [_told(run) for run in runs]
    shared = {name: value for name, value in told[0].items() if all(one[name] == value for one in told)}
    console.print(Text(", ".join(f"{name} {value}" for name, value in shared.items())))
    varying = [name for name in told[0] if name not in shared]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for column in ("run", "date", *varying, "images", "top-1", "top-5"):
        table.add_column(column, overflow="fold")
    for run, one in zip(runs, told, strict=True):
        counts = (str(run.counts.images), str(run.counts.percent("top_1")), str(run.counts.percent("top_5")))
        table.add_row(run.key[:_SHOWN], run.dates[-1], *(one[name] for name in varying), *counts)
    console.print(table)


def _told(run: KeptRun) -> dict[str, str]:
    """What an evaluation was made of and with, in a few words each."""
    return {
        "weights": str(run.description["weights"])[:_SHOWN],
        "dataset": str(run.description["images"])[:_SHOWN],
        "conditions": _conditions(run),
        "on": f"{run.description['precision']} {run.description['device']}",
    }


def print_comparison(console: Console, first: KeptRun, second: KeptRun) -> None:
    """What differs in how they were made, and which images flipped."""
    for name, run in (("first", first), ("second", second)):
        told = ", ".join(f"{what} {value}" for what, value in _told(run).items())
        console.print(Text(f"{name}: {run.key[:_SHOWN]}, {run.dates[-1]}, {told}"))
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


def _conditions(run: KeptRun) -> str:
    known = run.description["conditions"]
    usual = f"{known['image_size']} {known['crop_pct']} {known['interpolation']}"
    channels = "" if known["channels"] == "RGB" else f" {known['channels']}"
    return usual + channels + ("" if known["mean"] == list(IMAGENET_MEAN) else f" mean {known['mean'][0]}")
