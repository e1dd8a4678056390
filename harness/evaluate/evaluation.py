"""Result of an evaluation, with everything that a verdict says about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from harness.evaluate.data.conditions import Conditions
from harness.evaluate.data.dataset import Dataset
from harness.evaluate.statistics.scores import Scores


@dataclass(frozen=True, slots=True)
class CandidateCause:
    """A possible cause of a different accuracy, and the accuracy estimated under it from a random sample of images.

    `kind` is the condition that it changes, such as `crop_pct`. `estimates` holds, by metric, the accuracy in percent
    on all evaluated images; `margins` its 95 % margin of error, 0 if all images were evaluated.
    """

    kind: str
    value: str
    images: int
    estimates: Mapping[str, Decimal]
    margins: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's scores on a dataset. `weights` is the SHA-256 of the loaded `file`.

    `causes` were examined because a declared accuracy was not reproduced.
    """

    dataset: str
    images: Dataset
    file: str
    weights: str
    conditions: Conditions
    precision: str
    scores: Scores
    causes: tuple[CandidateCause, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether exactly the images of the complete dataset were evaluated."""
        return self.images.missing is None and self.scores.counts.images == self.scores.total_images

    @property
    def environment(self) -> dict[str, str]:
        """What the evaluation ran on; all values where it was interrupted and resumed elsewhere."""
        environments = self.scores.environments
        names = dict.fromkeys(name for environment in environments for name in environment)
        values = {name: dict.fromkeys(str(environment.get(name)) for environment in environments) for name in names}
        return {name: ", then ".join(distinct) for name, distinct in values.items()}
