"""The predictions of a shard's images while they come in."""

from collections.abc import Sequence

from harness.evaluate.data.shards import Shard
from harness.evaluate.run.executor import ExecutorError, Ranked
from harness.evaluate.statistics.scores import Prediction


class Gathering:
    """What one entrant predicts of a shard's images: any part at any time, each image once."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._found: dict[int, Prediction] = {}

    @property
    def seen(self) -> int:
        """How many images came in."""
        return len(self._found)

    def take(self, part: slice, ranked: Sequence[Ranked]) -> list[Prediction]:
        """Add a part, and return its predictions. Raises ExecutorError where it is not just these images, once."""
        places = range(*part.indices(len(self._shard.images)))
        if len(ranked) != len(places) or not self._found.keys().isdisjoint(places):
            told = f"shard {self._shard.number}: expected {len(places)} images from the {part.start}th on, each once"
            raise ExecutorError(f"{told}, got {len(ranked)}, or some that were counted")
        images = [self._shard.images[place] for place in places]
        made = [Prediction(image.name, image.label, first) for image, first in zip(images, ranked, strict=True)]
        self._found |= zip(places, made, strict=True)
        return made

    def whole(self) -> tuple[Prediction, ...] | None:
        """All predictions in the order of the shard; None while some are missing."""
        if self.seen < len(self._shard.images):
            return None
        return tuple(self._found[place] for place in range(self.seen))
