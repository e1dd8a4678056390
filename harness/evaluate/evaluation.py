"""What an evaluation found, with everything a verdict needs to say about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from harness.evaluate.data.conditions import Conditions
from harness.evaluate.data.dataset import Dataset
from harness.evaluate.statistics.scores import Scores


@dataclass(frozen=True, slots=True)
class Suspect:
    """A usual reason for another accuracy, and what a seeded sample of the images gives under it.

    `estimates` holds, by metric, the accuracy in percent on all evaluated images; `margin` how far it may be off
    (95 %), 0 where all images were evaluated. `kind` is the condition that it changes, such as `crop_pct`.
    """

    kind: str
    value: str
    images: int
    estimates: Mapping[str, Decimal]
    margins: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's scores on a dataset. `weights` is the SHA-256 of the `file` that was loaded.

    `suspects` is what was tried where a declared accuracy was not reproduced.
    """

    dataset: str
    images: Dataset
    file: str
    weights: str
    conditions: Conditions
    precision: str
    scores: Scores
    suspects: tuple[Suspect, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all images of the dataset were evaluated, and nothing but them."""
        return self.images.lacking is None and self.scores.counts.images == self.scores.of

    @property
    def environment(self) -> dict[str, str]:
        """What it ran on; where it was interrupted and went on elsewhere, every value that differed."""
        names = dict.fromkeys(name for one in self.scores.environments for name in one)
        values = {name: dict.fromkeys(str(one.get(name)) for one in self.scores.environments) for name in names}
        return {name: ", then ".join(found) for name, found in values.items()}
