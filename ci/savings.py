"""How many images `--until-sure` takes for each accuracy of the page, by simulation, as a Markdown table.

python ci/savings.py --orders 200     of so many random orders of ImageNet's 50 000 validation images each
python ci/savings.py --margin 1       with another margin, in percentage points
"""

import argparse
import statistics
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np

from harness.checks.shared.reproduction import METRICS
from harness.evaluate.data.dataset import Dataset, Shape
from harness.evaluate.data.fingerprint import Image
from harness.evaluate.data.shards import shards
from harness.evaluate.statistics.scores import Counts
from harness.evaluate.statistics.stopping import StoppingRule
from harness.index.page import read_page
from harness.index.reading.index import read_index
from harness.project.resources import TOLERANCES, UntilSure

MODELINDEX = Path(__file__).parents[1] / "modelindex"
SHAPE = Shape(1000, 50)
OFF = 5
SOON = 2000


def claims() -> Iterator[tuple[str, str, Decimal]]:
    """Every accuracy that the page declares: model, metric, percent."""
    index = read_index(read_page(MODELINDEX / "regnety.md", "regnety.md"), MODELINDEX / "_includes")
    for model, record in index.models.items():
        for kind, metric in METRICS.items():
            quantity = record.results[0].quantity(kind)
            if quantity:
                yield model, metric, quantity.value


def look_after() -> list[int]:
    """After how many images an evaluation looks at its counts."""
    images = tuple(Image(str(number), 0, Path(), 0, 0) for number in range(SHAPE.images))
    sizes = [len(shard.images) for shard in shards(Dataset("", images, SHAPE, "", None))]
    return np.cumsum(sizes).tolist()


def simulated(true: Decimal, looks: Sequence[int], generator: np.random.Generator) -> list[Counts]:
    """The counts of one model of that accuracy, its images in a random order."""
    left = round(true * SHAPE.images / 100)
    total, found = left, []
    for before, after in pairwise([0, *looks]):
        left -= int(generator.hypergeometric(left, SHAPE.images - before - left, after - before))
        found.append(Counts(after, total - left, total - left))
    return found


def images_needed(metric: str, declared: Decimal, paths: Sequence[Sequence[Counts]], options: UntilSure) -> list[int]:
    """After how many images of each order the claim, one of the model's two, is decided."""
    rule = StoppingRule(
        ((metric, declared), ("", declared)), options.alpha, options.margin, TOLERANCES["fp32"].explained
    )
    decisions = (rule.decision(metric, path, SHAPE.images) for path in paths)
    return sorted(one.counts.images if one else SHAPE.images for one in decisions)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--margin", type=Decimal, default=UntilSure().margin)
    given = parser.parse_args()
    orders, options = given.orders, UntilSure(margin=given.margin)
    generator, looks = np.random.default_rng(0), look_after()
    print(f"Margin {options.margin} points, alpha {options.alpha}: medians of {orders} random orders,")
    print("in brackets what 9 of 10 need at most.\n")
    print(f"| model | accuracy | images, if true | saved | images, if {OFF} points too high | within {SOON} |")
    print("| --- | --- | --- | --- | --- | --- |")
    for model, metric, true in claims():
        paths = [simulated(true, looks, generator) for _ in range(orders)]
        held = images_needed(metric, true, paths, options)
        wrong = images_needed(metric, true + OFF, paths, options)
        median = statistics.median_low(held)
        soon = sum(images <= SOON for images in wrong) / orders
        print(
            f"| {model} | {metric.replace('_', '-')} {true}% | {median} ({held[9 * orders // 10]}) "
            f"| {1 - median / SHAPE.images:.0%} | {statistics.median_low(wrong)} ({wrong[9 * orders // 10]}) "
            f"| {soon:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
