"""How many images `--until-sure` needs for each accuracy of the page: a simulation, as a Markdown table.

python ci/savings.py --orders 200     200 random orders of ImageNet's 50 000 validation images
python ci/savings.py --margin 1       a different margin, in percentage points
"""

import argparse
import statistics
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np

from harness.checks.shared.reproduction import METRICS
from harness.evaluate.data.dataset import Dataset, DatasetSpec
from harness.evaluate.data.images import Image
from harness.evaluate.data.shards import make_shards
from harness.evaluate.statistics.scores import Counts
from harness.evaluate.statistics.stopping import StoppingRule
from harness.index.page import read_page
from harness.index.reading.index import read_index
from harness.project.resources import TOLERANCES, EarlyStopping

MODELINDEX = Path(__file__).parents[1] / "modelindex"
SPEC = DatasetSpec(1000, 50)
ERROR = 5
FEW_IMAGES = 2000


def claims() -> Iterator[tuple[str, str, Decimal]]:
    """Every accuracy that the page declares: model, metric, percent."""
    index = read_index(read_page(MODELINDEX / "regnety.md", "regnety.md"), MODELINDEX / "_includes")
    for model, entry in index.models.items():
        for kind, metric in METRICS.items():
            quantity = entry.results[0].quantity(kind)
            if quantity:
                yield model, metric, quantity.value


def sample_sizes() -> list[int]:
    """The number of images after each shard."""
    images = tuple(Image(str(number), 0, Path(), 0, 0) for number in range(SPEC.images))
    sizes = [len(shard.images) for shard in make_shards(Dataset("", images, SPEC, "", None))]
    return np.cumsum(sizes).tolist()


def simulate(true: Decimal, samples: Sequence[int], generator: np.random.Generator) -> list[Counts]:
    """The interim counts of a model with this accuracy, for one random order of the images."""
    left = round(true * SPEC.images / 100)
    total, counts = left, []
    for before, after in pairwise([0, *samples]):
        left -= int(generator.hypergeometric(left, SPEC.images - before - left, after - before))
        counts.append(Counts(after, total - left, total - left))
    return counts


def images_needed(
    metric: str, declared: Decimal, paths: Sequence[Sequence[Counts]], options: EarlyStopping
) -> list[int]:
    """The number of images, in each order, after which the claim is decided; the model has two claims."""
    rule = StoppingRule(
        ((metric, declared), ("", declared)), options.alpha, options.margin, TOLERANCES["fp32"].explained
    )
    decisions = (rule.decision(metric, path, SPEC.images) for path in paths)
    return sorted(decision.counts.images if decision else SPEC.images for decision in decisions)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--margin", type=Decimal, default=EarlyStopping().margin)
    arguments = parser.parse_args()
    orders, options = arguments.orders, EarlyStopping(margin=arguments.margin)
    generator, samples = np.random.default_rng(0), sample_sizes()
    print(f"Margin {options.margin} points, alpha {options.alpha}: medians of {orders} random orders,")
    print("and in brackets the 90th percentile.\n")
    print(f"| model | accuracy | images if true | saved | images if {ERROR} points too high | within {FEW_IMAGES} |")
    print("| --- | --- | --- | --- | --- | --- |")
    for model, metric, true in claims():
        paths = [simulate(true, samples, generator) for _ in range(orders)]
        correct = images_needed(metric, true, paths, options)
        wrong = images_needed(metric, true + ERROR, paths, options)
        median = statistics.median_low(correct)
        early = sum(images <= FEW_IMAGES for images in wrong) / orders
        print(
            f"| {model} | {metric.replace('_', '-')} {true}% | {median} ({correct[9 * orders // 10]}) "
            f"| {1 - median / SPEC.images:.0%} | {statistics.median_low(wrong)} ({wrong[9 * orders // 10]}) "
            f"| {early:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
