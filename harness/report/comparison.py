"""Tables of stored evaluations of a model, and the comparison of two of them."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.evaluate.data.conditions import IMAGENET_MEAN
from harness.evaluate.run.ledger import StoredEvaluation
from harness.evaluate.statistics.comparison import compare
from harness.evaluate.statistics.scores import METRICS, count

_HASH_DIGITS = 6
_MAX_IMAGES = 20
_ALPHA = 0.05


def print_evaluations(console: Console, evaluations: Sequence[StoredEvaluation]) -> None:
    """Print what all evaluations have in common, and a table of what differs."""
    described = [_describe(evaluation) for evaluation in evaluations]
    common = {name: value for name, value in described[0].items() if all(other[name] == value for other in described)}
    console.print(Text(", ".join(f"{name} {value}" for name, value in common.items())))
    varying = [name for name in described[0] if name not in common]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for column in ("run", "date", *varying, "images", "top-1", "top-5"):
        table.add_column(column, overflow="fold")
    for evaluation, description in zip(evaluations, described, strict=True):
        counts = count(evaluation.predictions)
        scores = (str(counts.images), *(str(counts.percent(metric)) for metric in METRICS))
        columns = (description[name] for name in varying)
        table.add_row(evaluation.key[:_HASH_DIGITS], evaluation.dates[-1], *columns, *scores)
    console.print(table)


def _describe(evaluation: StoredEvaluation) -> dict[str, str]:
    """The inputs of an evaluation, in a few words each; channel order and mean only if they are not the usual ones."""
    description = evaluation.description
    conditions = description["conditions"]
    channels = "" if conditions["channels"] == "RGB" else f" {conditions['channels']}"
    mean = "" if conditions["mean"] == list(IMAGENET_MEAN) else f" mean {conditions['mean'][0]}"
    geometry = f"{conditions['image_size']} {conditions['crop_pct']} {conditions['interpolation']}"
    return {
        "weights": str(description["weights"])[:_HASH_DIGITS],
        "dataset": str(description["images"])[:_HASH_DIGITS],
        "conditions": geometry + channels + mean,
        "on": f"{description['precision']} {description['device']}",
    }


def print_comparison(console: Console, first: StoredEvaluation, second: StoredEvaluation) -> None:
    """Print the inputs of two evaluations, and the images that only one of them predicts correctly."""
    for name, evaluation in (("first", first), ("second", second)):
        inputs = ", ".join(f"{what} {value}" for what, value in _describe(evaluation).items())
        console.print(Text(f"{name}: {evaluation.key[:_HASH_DIGITS]}, {evaluation.dates[-1]}, {inputs}"))
    for metric in METRICS:
        comparison = compare(first.predictions, second.predictions, metric)
        if not comparison.images:
            console.print(Text("The evaluations have no image in common."))
            return
        summary = f"{len(comparison.lost)} lost, {len(comparison.gained)} gained of {comparison.images} images"
        verdict = "not significant" if comparison.p_value > _ALPHA else "significant"
        console.print()
        console.print(Text.assemble((metric.replace("_", "-"), "bold"), f": {summary}"))
        console.print(Text(f"McNemar's exact test: p = {comparison.p_value:.3g}, {verdict}"))
        for what, images in (("lost", comparison.lost), ("gained", comparison.gained)):
            more = f" and {len(images) - _MAX_IMAGES} more" if len(images) > _MAX_IMAGES else ""
            if images:
                console.print(Text(f"{what}: {', '.join(images[:_MAX_IMAGES])}{more}"))
